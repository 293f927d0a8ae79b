//! From the file's bytes to the last status, in the order in which the daemon reads the keys: where it stops, what it
//! has read before stays.

use super::json::Value;
use super::number::{self, Stop, Typing, Width, whole};
use super::words::{CLOUD, SYSTEMS, of_list};
use super::{
    Counts, DbMode, Disk, FILE_BYTES, KNOWN, LastStatus, Memory, NoStatus, Profile, Read, Reasons, Release, SignalCode,
    State, Text, Uuid, time,
};

impl LastStatus {
    /// What a daemon of this version makes of a file.
    pub fn read(bytes: &[u8], daemon: &Release) -> Read {
        if bytes.len() > FILE_BYTES {
            return Read::nothing(NoStatus::Unreadable);
        }
        let Some(json) = Value::parse(bytes) else { return Read::nothing(NoStatus::NotJson) };
        let root = Node { value: &json, typing: daemon.typing(), old_names: false };
        let Ok(Some(version)) = root.found("version").map(|value| root.whole(value, Width::U64)).transpose() else {
            return Read::nothing(NoStatus::NoVersion);
        };
        if !KNOWN.contains(&version) {
            return Read::UnknownVersion(version);
        }
        let mut status = Box::new(Self { version, ..Self::default() });
        status.stopped_at = status.fill(&root, version).err();
        if status.agent.status == State::None {
            return Read::None(NoStatus::NoState, status);
        }
        Read::Status(status)
    }

    fn fill(&mut self, root: &Node<'_>, version: u64) -> Result<(), &'static str> {
        self.timestamp = root.time("@timestamp");
        if let Some(agent) = root.object("agent") {
            self.agent(&agent.named_as_in(version), version)?;
        }
        if let Some(host) = root.object("host") {
            self.host(&host, version)?;
        }
        if let Some(metrics) = root.object("metrics") {
            self.metrics(&metrics)?;
        }
        if let Some(os) = root.object("os") {
            self.os.kind = os.word("type").map(|word| of_list(SYSTEMS, word));
            self.os.kernel = os.text("kernel", 32);
            self.os.name = os.text("name", 32);
            self.os.version = os.text("version", 32);
            self.os.family = os.text("family", 64);
            self.os.platform = os.text("platform", 64);
        }
        if let Some(hw) = root.object("hw") {
            self.hardware(&hw);
        }
        if let Some(product) = root.object("product") {
            self.product.vendor = product.text("vendor", 64);
            self.product.id = product.text("id", 64);
            self.product.name = product.text("name", 96);
            self.product.kind = product.text("type", 16);
        }
        if let Some(fatal) = root.object("fatal") {
            self.fatal(&fatal, version)?;
        }
        Ok(())
    }

    fn agent(&mut self, node: &Node<'_>, version: u64) -> Result<(), &'static str> {
        let agent = &mut self.agent;
        agent.id = node.uuid("id");
        if version >= 24 {
            agent.since = node.time("since");
        }
        agent.ephemeral_id = node.uuid("ephemeral_id");
        agent.version = node.text("version", 32);
        agent.uptime = node.number("uptime", Width::I64)?.cast_signed();
        node.words("profile", |word| agent.profile.0 |= Profile::read(word).0)?;
        agent.status = node.word("status").map_or(State::None, State::read);
        node.words("exit_reason", |word| agent.exit_reason.0 |= Reasons::read(word).0)?;
        agent.node_id = node.uuid("node_id");
        agent.claim_id = node.uuid("claim_id");
        agent.install_type = node.text("install_type", 32);
        if let Some(timings) = node.object("timings") {
            agent.init_seconds = timings.number("init", Width::I64)?.cast_signed();
            agent.exit_seconds = timings.number("exit", Width::I64)?.cast_signed();
        }
        agent.restarts = node.number("restarts", Width::U64)?;
        if version >= 24 {
            agent.crashes = node.number("crashes", Width::U64)?;
        }
        if version >= 27 {
            agent.pid = i32_of(node.number("pid", Width::I32)?);
        }
        if version >= 22 {
            agent.posts = node.number("posts", Width::U64)?;
            agent.aclk = node.word("aclk").map(|word| of_list(CLOUD, word));
        }
        agent.db_mode = node.word("db_mode").map_or_else(DbMode::default, DbMode::read);
        agent.db_tiers = u8::try_from(node.number("db_tiers", Width::U8)?).unwrap_or(0);
        agent.kubernetes = node.switch("kubernetes")?;
        agent.sentry_available = node.switch("sentry_available")?;
        if version >= 18 {
            agent.reliability = node.signed("reliability")?;
            agent.stack_traces = node.text("stack_traces", 63);
        }
        Ok(())
    }

    fn host(&mut self, node: &Node<'_>, version: u64) -> Result<(), &'static str> {
        let host = &mut self.host;
        host.id = node.uuid("id");
        host.architecture = node.text("architecture", 32);
        host.virtualization = node.text("virtualization", 32);
        host.container = node.text("container", 32);
        host.uptime = node.number("uptime", Width::I64)?.cast_signed();
        host.system_cpus = node.number("system_cpus", Width::U64)?;
        if let Some(boot) = node.object("boot") {
            host.boot_id = boot.uuid("id");
        }
        if let Some(memory) = node.object("memory") {
            let total = memory.number("total", Width::U64)?;
            host.memory.total = total;
            host.memory.free = memory.number("free", Width::U64)?;
            if !host.memory.is_known() {
                host.memory = Memory::default();
            }
            if version >= 21 {
                host.memory.netdata = memory.number("netdata", Width::U64)?;
                host.memory.oom_protection = memory.number("oom_protection", Width::U64)?;
            }
        }
        if let Some(disk) = node.object("disk") {
            if let Some(db) = disk.object("db") {
                host.disk.total = db.number("total", Width::U64)?;
                host.disk.free = db.number("free", Width::U64)?;
                host.disk.inodes_total = db.number("inodes_total", Width::U64)?;
                host.disk.inodes_free = db.number("inodes_free", Width::U64)?;
                host.disk.read_only = db.switch("read_only")?;
                if !host.disk.is_known() {
                    host.disk = Disk::default();
                }
            }
            if let Some(files) = disk.object("netdata") {
                host.files.dbengine = files.number("dbengine", Width::U64)?;
                host.files.sqlite = files.number("sqlite", Width::U64)?;
                host.files.other = files.number("other", Width::U64)?;
                host.files.last_updated = files.time("last_updated");
            }
        }
        if version >= 20 {
            host.timezone = node.text("timezone", 32);
            host.cloud_provider = node.text("cloud_provider", 32);
            host.cloud_instance = node.text("cloud_instance", 32);
            host.cloud_region = node.text("cloud_region", 32);
        }
        Ok(())
    }

    fn metrics(&mut self, node: &Node<'_>) -> Result<(), &'static str> {
        let metrics = &mut self.metrics;
        if let Some(nodes) = node.object("nodes") {
            metrics.nodes_total = nodes.number("total", Width::U64)?;
            metrics.nodes_receiving = nodes.number("receiving", Width::U64)?;
            metrics.nodes_sending = nodes.number("sending", Width::U64)?;
            metrics.nodes_archived = nodes.number("archived", Width::U64)?;
        }
        let count = |key, counts: &mut Counts| {
            if let Some(node) = node.object(key) {
                counts.collected = node.number("collected", Width::U64)?;
                counts.available = node.number("available", Width::U64)?;
            }
            Ok(())
        };
        count("metrics", &mut metrics.metrics)?;
        count("instances", &mut metrics.instances)?;
        count("contexts", &mut metrics.contexts)
    }

    fn hardware(&mut self, node: &Node<'_>) {
        let hw = &mut self.hw;
        if let Some(sys) = node.object("sys") {
            hw.sys_vendor = sys.text("vendor", 64);
            hw.sys_uuid = sys.text("uuid", 64);
        }
        if let Some(product) = node.object("product") {
            hw.product_id = product.text("id", 64);
            // Its buffer grew together with the checks of 2.11.
            hw.product_name = product.text("name", if node.typing == Typing::Checked { 96 } else { 64 });
            hw.product_version = product.text("version", 64);
            hw.product_sku = product.text("sku", 64);
            hw.product_family = product.text("family", 64);
        }
        if let Some(board) = node.object("board") {
            hw.board_name = board.text("name", 64);
            hw.board_version = board.text("version", 64);
            hw.board_vendor = board.text("vendor", 64);
        }
        if let Some(chassis) = node.object("chassis") {
            hw.chassis_type = chassis.text("type", 16);
            hw.chassis_vendor = chassis.text("vendor", 64);
            hw.chassis_version = chassis.text("version", 64);
        }
        if let Some(bios) = node.object("bios") {
            hw.bios_date = bios.text("date", 16);
            hw.bios_release = bios.text("release", 64);
            hw.bios_version = bios.text("version", 64);
            hw.bios_vendor = bios.text("vendor", 64);
        }
    }

    fn fatal(&mut self, node: &Node<'_>, version: u64) -> Result<(), &'static str> {
        let fatal = &mut self.fatal;
        fatal.filename = node.text("filename", 256);
        fatal.function = node.text("function", 128);
        fatal.message = node.text("message", 512);
        fatal.stack_trace = node.text("stack_trace", 4096);
        fatal.line = node.number("line", Width::I64)?;
        fatal.errno = node.text("errno", 64);
        fatal.thread = node.text("thread", 16);
        fatal.signal_code = node.word("signal_code").map_or_else(SignalCode::default, SignalCode::read);
        // The daemon takes a text for a signal here, and does not look at a boolean.
        fatal.sentry = node.word("sentry").map_or_else(SignalCode::default, SignalCode::read).0 != 0;
        if version >= 18 {
            fatal.thread_id = i32_of(node.number("thread_id", Width::I32)?);
            fatal.fault_address = number::address(&node.text("fault_address", 19));
        }
        if version >= 23 {
            fatal.worker_job_id = u32::try_from(node.number("worker_job_id", Width::U32)?).unwrap_or(0);
        }
        Ok(())
    }
}

fn i32_of(wide: u64) -> i32 {
    i32::try_from(wide.cast_signed()).unwrap_or(0)
}

/// An object, and the rules by which its members are read. What is missing, or of a type that does not count, is empty.
struct Node<'v> {
    value: &'v Value,
    typing: Typing,
    /// Up to version 17 most keys of the agent begin with `ND_`.
    old_names: bool,
}

const WITHOUT_PREFIX: [&str; 4] = ["id", "ephemeral_id", "version", "uptime"];

impl<'v> Node<'v> {
    fn named_as_in(self, version: u64) -> Self {
        Self { old_names: version < 18, ..self }
    }

    fn found(&self, key: &str) -> Option<&'v Value> {
        if self.old_names && !WITHOUT_PREFIX.contains(&key) {
            return self.value.get(&format!("ND_{key}"));
        }
        self.value.get(key)
    }

    fn object(&self, key: &str) -> Option<Node<'v>> {
        let value = self.found(key).filter(|value| matches!(value, Value::Object(_)))?;
        Some(Node { value, typing: self.typing, old_names: false })
    }

    fn whole(&self, value: &Value, width: Width) -> Result<u64, Stop> {
        whole(value, false, width, self.typing)
    }

    fn number(&self, key: &'static str, width: Width) -> Result<u64, &'static str> {
        self.found(key).map_or(Ok(0), |value| self.whole(value, width).map_err(|Stop| key))
    }

    fn signed(&self, key: &'static str) -> Result<i64, &'static str> {
        let number = self.found(key).map_or(Ok(0), |value| whole(value, true, Width::I64, self.typing));
        number.map(u64::cast_signed).map_err(|Stop| key)
    }

    /// Only a text counts.
    fn word(&self, key: &str) -> Option<&'v [u8]> {
        match self.found(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Cut to what fits into the daemon's buffer, whose last byte ends it.
    fn text(&self, key: &str, buffer: usize) -> Text {
        let mut text = match self.found(key) {
            Some(Value::Text(text)) => text.clone(),
            Some(value) if self.typing > Typing::Strict => match value {
                Value::Int(number) => number.to_string().into(),
                Value::Large(_) => i64::MAX.to_string().into(),
                Value::Double(number) => number::as_text(*number).unwrap_or_default().into(),
                Value::Bool(on) => on.to_string().into(),
                _ => Text::new(),
            },
            _ => Text::new(),
        };
        text.truncate(buffer - 1);
        text
    }

    fn switch(&self, key: &'static str) -> Result<bool, &'static str> {
        Ok(match self.found(key) {
            Some(Value::Bool(on)) => *on,
            Some(value) if self.typing > Typing::Strict => match value {
                Value::Int(number) => *number != 0,
                Value::Large(_) => true,
                Value::Double(number) => *number != 0.0,
                Value::Text(text) => {
                    let is_one_of =
                        |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
                    if !is_one_of(["true", "yes", "on"]) && !is_one_of(["false", "no", "off"]) {
                        return Err(key);
                    }
                    is_one_of(["true", "yes", "on"])
                }
                _ => false,
            },
            _ => false,
        })
    }

    fn time(&self, key: &str) -> u64 {
        self.word(key).and_then(time::read).unwrap_or(0)
    }

    /// With four dashes or none, in any case; what follows does not count.
    fn uuid(&self, key: &str) -> Uuid {
        self.word(key).and_then(uuid).unwrap_or_default()
    }

    fn words(&self, key: &'static str, mut each: impl FnMut(&[u8])) -> Result<(), &'static str> {
        let Some(Value::Array(items)) = self.found(key) else { return Ok(()) };
        for item in items {
            let Value::Text(word) = item else { return Err(key) };
            each(word);
        }
        Ok(())
    }
}

/// As the daemon reads one.
pub(super) fn uuid(text: &[u8]) -> Option<Uuid> {
    let (mut uuid, mut rest, mut dashes) = (Uuid::default(), text, 0);
    for byte in &mut uuid {
        if let [b'-', after @ ..] = rest {
            (rest, dashes) = (after, dashes + 1);
        }
        let [high, low, after @ ..] = rest else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
        rest = after;
    }
    matches!(dashes, 0 | 4).then_some(uuid)
}
