//! The answers in an environment, and their judgment.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::matrix::{ENVIRONMENTS, Environment, Machine};

pub const HEAD: &str = "\n\
    | environment | expected | system-info | systemd-detect-virt | virt-what | facter | asked as root and |\n\
    |---|---|---|---|---|---|---|";

/// The other askers, in the script's order.
const ASKERS: [&str; 4] = ["nobody", "user", "blind", "service"];

/// Facts that an environment on this machine cannot change. A core's frequency changes by itself.
const MACHINE_FACTS: [&str; 9] = [
    "/kernel",
    "/virtualization",
    "/cpu/model",
    "/cpu/vendor",
    "/cpu/logical_count",
    "/cpu/core_count",
    "/memory",
    "/disk",
    "/hardware",
];

struct Answer {
    text: String,
    status: i32,
}

pub struct Answers(BTreeMap<String, Answer>);

impl Answers {
    /// The script's output: each answer is between `@@ question` and `@= exit status`.
    pub fn parse(printed: &str) -> Self {
        let printed = printed.replace('\r', "");
        let mut answers = BTreeMap::new();
        for part in printed.split("\n@@ ").skip(1) {
            let Some((question, rest)) = part.split_once('\n') else { continue };
            let Some((text, status)) = rest.rsplit_once("\n@= ") else { continue };
            let status = status.split_whitespace().next().and_then(|code| code.parse().ok()).unwrap_or(-1);
            answers.insert(question.to_owned(), Answer { text: text.to_owned(), status });
        }
        Self(answers)
    }

    /// The output of a successful question.
    fn good(&self, question: &str) -> Option<&str> {
        self.0.get(question).filter(|answer| answer.status == 0).map(|answer| answer.text.as_str())
    }

    fn json(&self, question: &str) -> Result<Json, String> {
        let text = self.good(question).ok_or_else(|| format!("{question}: {}", self.said(question)))?;
        serde_json::from_str(text).map_err(|error| format!("{question}: no JSON ({error}): {text}"))
    }

    fn said(&self, question: &str) -> String {
        match self.0.get(question) {
            Some(answer) => format!("exit status {}, {:?}", answer.status, answer.text.trim()),
            None => "never answered".into(),
        }
    }

    /// All errors, one per line.
    pub fn judge(&self, environment: &Environment, host: &Json) -> Result<(), String> {
        let facts = self.json("facts caller")?;
        let mut wrong = Vec::new();
        let mut check = |what: &str, is: String, should: String| {
            if is != should {
                wrong.push(format!("{what} is {is}, and should be {should}"));
            }
        };
        for (what, should) in expected(environment, host) {
            check(what, value(&facts, what).to_string(), should.to_string());
        }
        if matches!(environment.machine, Machine::Outside) {
            for what in MACHINE_FACTS {
                check(what, values(&facts, what).to_string(), values(host, what).to_string());
            }
        }
        wrong.extend(self.same_for_everybody(environment));
        wrong.extend(self.privileged(&facts).err());
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// Every asker must get the same bytes and the same event.
    fn same_for_everybody(&self, environment: &Environment) -> Vec<String> {
        let mut wrong = Vec::new();
        for who in ASKERS.into_iter().filter(|who| !environment.misled.contains(who)) {
            for (what, part) in [("facts", whole as fn(&str) -> &str), ("event", before_stamp)] {
                let question = format!("{what} {who}");
                let caller = self.good(&format!("{what} caller")).map(part).unwrap_or_default();
                match self.good(&question).map(part) {
                    Some(text) if text == caller && !text.is_empty() => {}
                    Some(text) => wrong.push(format!("{question} differs:\n{}", differences(caller, text))),
                    None if environment.askers.contains(&who) => {
                        wrong.push(format!("{question}: {}", self.said(&question)));
                    }
                    // Not every environment can have every asker.
                    None => {}
                }
            }
        }
        wrong
    }

    /// Privileged additions must be marked.
    fn privileged(&self, facts: &Json) -> Result<(), String> {
        let privileged = self.json("privileged")?;
        let mut unmarked = Vec::new();
        compare(facts, &privileged, "", &mut unmarked);
        if unmarked.is_empty() {
            Ok(())
        } else {
            Err(format!("--privileged differs unmarked in {}", unmarked.join(", ")))
        }
    }

    pub fn row(&self, environment: &Environment, host: &Json, right: bool) -> String {
        let expected: BTreeMap<_, _> = expected(environment, host).into_iter().collect();
        let name = |at: &str| expected.get(at).and_then(Json::as_str).unwrap_or("?").to_owned();
        let should = format!("{} + {}", name("/virtualization/name"), name("/container/name"));
        let is = self.json("facts caller").map_or_else(
            |_| "no answer".into(),
            |facts| {
                let word = |at: &str| value(&facts, at).as_str().unwrap_or("unknown").to_owned();
                format!("{} + {}", word("/virtualization/name"), word("/container/name"))
            },
        );
        let detected = format!("{} + {}", self.peer("detect-vm"), self.peer("detect-container"));
        let askers: Vec<&str> = ASKERS.into_iter().filter(|who| self.good(&format!("facts {who}")).is_some()).collect();
        format!(
            "| {} | {should} | {is}{} | {} | {} | {} | {} |",
            environment.name,
            if right { "" } else { " WRONG" },
            if detected == "- + -" { "-" } else { &detected },
            self.peer("virt-what"),
            self.peer("facter"),
            askers.join(", ")
        )
    }

    /// A tool's answer without its complaints. systemd-detect-virt exits with 1 for `none`.
    fn peer(&self, question: &str) -> String {
        let Some(answer) = self.0.get(question) else { return "-".into() };
        let words: Vec<&str> = answer.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let words: Vec<&str> = words.into_iter().filter(|line| !line.contains([' ', ':'])).collect();
        match (answer.status, words.is_empty()) {
            (127, _) => "-".into(),
            (0, true) => "nothing".into(),
            (_, true) => "fails".into(),
            _ => words.join(", "),
        }
    }
}

/// The expected facts, by JSON pointer.
fn expected(environment: &Environment, host: &Json) -> Vec<(&'static str, Json)> {
    let word = |name: Option<&str>| name.map_or(Json::Null, Json::from);
    let mut all = vec![
        ("/container/name", environment.container.map_or_else(|| value(host, "/container/name"), Json::from)),
        ("/container/kubernetes", environment.kubernetes.into()),
        ("/os/id", if environment.own_root { "livetest".into() } else { value(host, "/os/id") }),
    ];
    match environment.machine {
        Machine::Outside => all.push(("/virtualization/name", value(host, "/virtualization/name"))),
        Machine::Emulated { name, hypervisor, cloud } => {
            all.extend([
                ("/virtualization/name", name.into()),
                ("/virtualization/cloud", word(cloud)),
                ("/virtualization/host_of", Json::Null),
                ("/virtualization/confidential", Json::Null),
            ]);
            all.extend(hypervisor.map(|name| ("/virtualization/hypervisor", name.into())));
        }
    }
    all
}

fn value(facts: &Json, at: &str) -> Json {
    facts.pointer(&format!("{at}/value")).cloned().unwrap_or(Json::Null)
}

/// The values of one fact or a group.
fn values(facts: &Json, at: &str) -> Json {
    let fact = facts.pointer(at).cloned().unwrap_or(Json::Null);
    match fact {
        Json::Object(ref map) if map.contains_key("value") => map["value"].clone(),
        Json::Object(map) => map.into_iter().map(|(name, fact)| (name, fact["value"].clone())).collect(),
        other => other,
    }
}

fn whole(text: &str) -> &str {
    text
}

/// An event without its random number and time, which are at its end.
fn before_stamp(text: &str) -> &str {
    text.split("\"uuid\":\"").next().unwrap_or(text)
}

/// The first differing lines.
fn differences(left: &str, right: &str) -> String {
    let pairs = left.lines().zip(right.lines()).filter(|(left, right)| left != right);
    pairs.take(3).map(|(left, right)| format!("  {left}\n  {right}")).collect::<Vec<_>>().join("\n")
}

/// Collects the facts that differ without a mark.
fn compare(common: &Json, privileged: &Json, at: &str, unmarked: &mut Vec<String>) {
    match (common, privileged) {
        (Json::Object(left), Json::Object(right)) if !right.contains_key("value") => {
            for (name, fact) in right {
                compare(left.get(name).unwrap_or(&Json::Null), fact, &format!("{at}/{name}"), unmarked);
            }
        }
        _ if common != privileged && privileged["privileged"] != true => unmarked.push(at.to_owned()),
        _ => {}
    }
}

/// Tests the judge with made-up answers: right ones pass, and each wrong one is found.
pub fn a_wrong_answer_is_noticed() {
    let guest = ENVIRONMENTS.iter().find(|row| row.name == "QEMU pc").unwrap();
    let facts = r#"{"os":{"id":{"value":"livetest"}},"virtualization":{"name":{"value":"qemu"},"hypervisor":{"value":"qemu"}},
"container":{"name":{"value":"none"},"kubernetes":{"value":false}}}"#;
    let event = "POST /\n\n{\"event\":\"START -\",\"uuid\":\"1\"}";
    let from_each = ["caller", "nobody", "user", "blind", "service"]
        .map(|who| format!("\n@@ facts {who}\n{facts}\n@= 0\n\n@@ event {who}\n{event}\n@= 0\n"));
    let printed = format!("boot\r\n\n@@ privileged\n{facts}\n@= 0\n{}", from_each.concat());
    let judge = |printed: &str| Answers::parse(printed).judge(guest, &Json::Null);
    assert_eq!(judge(&printed), Ok(()));
    assert_eq!(
        judge(&printed.replace("uuid\":\"1\"}\n@= 0\n\n@@ facts user", "uuid\":\"2\"}\n@= 0\n\n@@ facts user")),
        Ok(())
    );
    for (right, wrong, complaint) in [
        ("@@ facts nobody\n{", "@@ facts nobody\n {", "facts nobody differs"),
        ("@@ event user\nPOST", "@@ event user\nPUT", "event user differs"),
        ("@@ facts blind", "@@ facts nobody else", "facts blind: never answered"),
        (
            "@@ privileged\n{\"os\":{\"id\":{\"value\":\"livetest\"}",
            "@@ privileged\n{\"os\":{\"id\":{\"value\":\"x\"}",
            "unmarked in /os/id",
        ),
        ("\"qemu\"", "\"kvm\"", "/virtualization/name is \"kvm\""),
        ("\"none\"", "null", "/container/name is null"),
    ] {
        let changed = printed.replace(right, wrong);
        assert_ne!(changed, printed, "{right}");
        let said = judge(&changed).unwrap_err();
        assert!(said.contains(complaint), "{complaint}: {said}");
    }
}
