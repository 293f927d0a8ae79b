//! Nothing personal passes by its shape, and no value of real machines suffers for it.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use std::path::Path;

use anonymous_statistics::fields::personal::{HostNames, Personal, find_personal};
use anonymous_statistics::fields::shape::{Rejection, Shape};
use anonymous_statistics::fields::{FIELDS, Origin, field};
use proptest::prelude::*;
use system_facts::internal::netdata;
use system_facts::{CommonEvidence, RecordedHost, collect_from};

const HOST: &str = "web1";

/// Values of real systems by field: from os-release(5) of the distributions, uname(2), `/proc/cpuinfo`, and daemons
/// from 1.37 to 2.5.
const REAL: &[(&str, &str)] = &[
    (
        "host_os_name",
        "AlmaLinux; Alpine Linux; ALT Workstation; Amazon Linux; Arch Linux; Astra Linux; CBL-Mariner; CentOS \
         Stream; Debian GNU/Linux; Deepin; elementary OS; EulerOS; Fedora Linux; FreeBSD; Huawei Cloud EulerOS; \
         Kylin Linux Advanced Server; Linux Mint; Mac OS X; NixOS; openEuler; openSUSE Tumbleweed; OpenWrt; \
         Oracle Linux Server; Pop!_OS; Q4OS; Red Hat Enterprise Linux CoreOS; SLES_SAP; TrueNAS; UnionTech OS \
         Server 20; VMware Photon OS; РЕД ОС",
    ),
    (
        "host_os_version",
        "12 (bookworm); 19 (Schrödinger’s Cat); 2.12.22 (Орёл); 20.03 (LTS-SP3); 22.04.4 LTS (Jammy Jellyfish); \
         23.11 (Tapir); 24.04.1 LTS (Noble Numbat); 24.7.11_2; 38.20230609.3.0 (CoreOS); 40.20241201.0 \
         (Silverblue); 417.94.202410090854-0; 6.0.0.14I; 7 (Core); 8.10 (Ootpa); 14.1-RELEASE-p3; \
         18.09.1436.a7fd4310c0c (Jellyfish); 2.5.4-6dc6e80-201510091936-build; 23.05.3; Cumulus Linux 5.12.1; \
         rolling; UDM.alpinev2.v1.12.24.136ee7c.220623.0827; V10 (Lance)",
    ),
    ("host_os_id", "clear-linux-os; fedoraremixforwsl; ios_xr; opensuse-leap; sles_sap; xenenterprise"),
    ("host_os_id_like", "arch archlinux; centos rhel fedora; cisco-wrlinux wrlinux; suse opensuse"),
    ("host_os_version_id", "0.6.3; 10.0; 11.0.1; 22.04; 2023.5.20240722; 7.0(BUILDER); 12-SP3; v24.12"),
    (
        "system_kernel_version",
        "6.1.0-18-amd64; 6.1.0-28-cloud-amd64; 6.12.41+deb13-amd64; 5.15.0-97-generic; 5.15.0-1051-azure; \
         5.15.0-1051.aws; 6.8.0-1021-aws; 6.8.0-1017-gke; 6.5.0-1014-oem; 5.4.0-1103-gkeop; \
         4.15.0-213-lowlatency; 5.15.0-91.lts.hwe; 6.2.6-76060206-generic; 6.0.12-76060006.202212290932-generic; \
         5.14.21-150500.55.19-default; 6.4.0-150600.23.7.3-default; 5.3.18-lp152.19-default; 6.9.4-arch1-1; \
         6.6.32-1-lts; 6.6.31-0-virt; 6.12.41-0-lts; 6.6.10-gentoo-x86_64; 6.1.155-176.282.amzn2023.x86_64; \
         4.14.314-237.533.amzn2.x86_64; 4.18.0-553.40.1.el8_10.x86_64; 5.14.0-570.28.1.el9_6.x86_64; \
         3.10.0-962.3.2.lve1.5.88.el7.x86_64; 3.10.0-1160.118.1.rt56.1269.el7.x86_64; \
         5.4.199-1.el7.elrepo.x86_64; 2.6.32-042stab120.11; 3.10.0-1160.80.1.vz7.191.4; \
         5.15.0-306.177.4.el8uek.x86_64; 6.12.0-102.36.5.2.el10uek.x86_64; 5.10.0-60.18.0.50.oe2203.x86_64; \
         5.10.0-216.0.0.115.oe2203sp4.aarch64; 5.10.0-182.0.0.95.r1941_123.hce2.x86_64; \
         4.18.0-147.5.1.6.h541.eulerosv2r9.x86_64; 4.19.90-24.4.v2101.ky10.x86_64; 5.10.134-16.3.al8.x86_64; \
         5.4.119-19-0009.11; 6.6.92.mshv2-1.azl3; 5.15.182.1-1.cm2; 5.15.90.1-microsoft-standard-WSL2; \
         5.15.68.1-custom-WSL2+; 4.4.0-19041-Microsoft; 6.8.12-5-pve; 6.1.21-v8+; 6.6.51+rpt-rpi-2712; \
         5.15.71+g3313732e9984; 5.10.168-ti-g2c23e6c538ab; 4.14.190-perf-g0123456789ab-ab9412345; 4.19.0-gvisor; \
         6.18.44-fc-v445; 5.10.201-1.ph4-esx; 2.6.32.9; 14.1-RELEASE-p3; 14.0-CURRENT; 15.0-STABLE; \
         12.1-RELEASE-p16-HBSD; 23.5.0",
    ),
    (
        "system_cpu_model",
        "12th Gen Intel(R) Core(TM) i9-12900K; AMD EPYC 7763 64-Core Processor; AMD EPYC 9R14; AMD Ryzen 9 7940HS \
         w/ Radeon 780M Graphics; Apple M1 Pro (Virtual); ARMv7 Processor rev 4 (v7l); Cortex-A72; Genuine \
         Intel(R) CPU N270   @ 1.60GHz; IBM/S390; Intel(R) Core(TM) i7 CPU       M 620  @ 2.67GHz; Intel(R) \
         Xeon(R) CPU E5-2673 v4 @ 2.30GHz; Intel(R) Xeon(R) Platinum 8269CY CPU @ 2.50GHz; Intel(R) Pentium(R) 4 \
         CPU 3.00GHz; Intel Core Processor (Haswell, no TSX, IBRS); MIPS 1004Kc V2.15; POWER9 (architected), \
         altivec supported; QEMU TCG CPU version 2.5+; sifive,u74-mc; VirtualApple @ 2.50GHz processor",
    ),
    ("system_cpu_vendor", "AuthenticAMD; E8C-SWTX; GenuineIntel; HygonGenuine; PowerVM Lx86; TransmetaCPU"),
    ("netdata_version", "v1.37.1; v1.37.0-87-nightly; v2.5.4; v1.44.0-123-g0123456789"),
    ("netdata_install_type", "kickstart-static; binpkg-deb; oci; unknown"),
    (
        "netdata_buildinfo",
        "dbengine|Native HTTPS|TLS Host Verification|Stream \
         Compression|protobuf|JSON-C|libcap|libcrypto|libm|zlib|apps|cgroup Network \
         Tracking|CUPS|NFACCT|perf|slabinfo; Netdata Cloud|Stream Compression|allocator|dbengine|Native HTTPS|TLS \
         Host Verification|zlib|protobuf|JSON-C|libcrypto|libyaml|libmnl|cgroup Network Tracking|StreamParent; \
         ACLK Next Generation|New Cloud Protocol|Machine Learning|jemalloc|EBPF|IPMI|Xen VBD Error Tracking|AWS \
         Kinesis|GCP PubSub|MongoDB|Prometheus Remote Write",
    ),
    ("host_notification_methods", "SEND_CUSTOM|SEND_SLACK; email|slack|pagerduty|awssns|msteams"),
    ("exporting_connectors", "JSON|OpenTSDBHTTP|Graphite"),
    ("action_data", "0266@daemon/:signals_handle/4; opentsdb:http; json"),
    ("netdata_process", "apps.plugin; go.d.plugin; python.d.plugin; cgroup-name.sh"),
    ("netdata_thread", "RRDCONTEXT; WEB_SERVER; STREAM_RECEIVER"),
    ("fatal_file", "ml/Config.cc; rrd.c; daemon/; journal/mod.rs"),
];

/// Collectors from daemons on Linux, FreeBSD and Windows.
const COLLECTORS: &[(&str, &str)] = &[
    (
        "proc.plugin",
        "/proc/stat; /proc/sys/fs/file-nr; /proc/sys/kernel/random/entropy_avail; /proc/net/stat/nf_conntrack; \
         /proc/net/sockstat6; /proc/spl/kstat/zfs/arcstats; /run/reboot_required; /sys/block/zram; \
         /sys/class/power_supply; /sys/devices/system/edac/mc; /sys/kernel/mm/ksm; ipc",
    ),
    (
        "freebsd.plugin",
        "kern.cp_time; vm.swap_info; net.inet.tcp.states; net.isr; vm.stats.vm.v_pgfaults; kern.ipc.sem",
    ),
    ("go.d", "nginx; dnsmasq_dhcp; k8s_state; x509check"),
    ("go.d.plugin", "web_log; http_check"),
    ("windows.plugin", "PerflibProcesses; PerflibNetFramework"),
    ("cgroups.plugin", "/sys/fs/cgroup; systemd"),
    ("systemd-journal.plugin", ""),
    ("charts.d.plugin", "apcupsd"),
    ("python.d.plugin", "example"),
];

#[test]
fn values_of_real_systems_pass() {
    let hosts = HostNames::new([HOST]);
    for (name, values) in REAL {
        let shape = field(name).unwrap().shape;
        for value in values.split("; ") {
            let checked = shape.check_text(value, &hosts);
            assert!(checked.is_ok(), "{name}: {value}: {checked:?}");
        }
    }
    for (plugin, modules) in COLLECTORS {
        for module in modules.split("; ") {
            let item = serde_json::json!({ "plugin": plugin, "module": module }).to_string();
            let checked = Shape::Collectors.check_fragment(&item, &hosts);
            assert!(checked.is_ok(), "{item}: {checked:?}");
        }
    }
}

#[test]
fn values_of_recorded_machines_pass() {
    let machines = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines");
    let hosts = HostNames::new([HOST]);
    let mut seen = BTreeSet::new();
    for machine in std::fs::read_dir(machines).unwrap() {
        let folder = machine.unwrap().path();
        let Ok(host) = RecordedHost::open(&folder) else { continue };
        let facts = collect_from(&CommonEvidence::new(host));
        for line in netdata::lines(&facts) {
            let Some(field) = FIELDS.iter().find(|field| field.origin == Origin::Fact(line.name)) else { continue };
            let checked = field.shape.check_text(&line.value, &hosts);
            assert!(
                !matches!(checked, Err(Rejection::Personal(_))),
                "{folder:?}: {} {}: {checked:?}",
                field.name,
                line.value
            );
            seen.insert(line.value);
        }
    }
    assert!(seen.len() > 100, "{seen:?}");
}

/// A secret, its kind, and whether it is one inside a word too. The detected kind may differ: a UUID in groups of two
/// is also a hardware address.
fn secret() -> impl Strategy<Value = (Personal, String, bool)> {
    let hex = |bytes: &[u8], between: &str, size: usize| {
        let digits: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
        digits.chunks(size).map(<[String]>::concat).collect::<Vec<_>>().join(between)
    };
    let signs = || prop::sample::select(vec![":", "-", "_", ".", " ", "/", ",", " : ", "·", "::"]);
    let ip = (
        [10u8.., 0u8.., 0u8.., 0u8..],
        prop::sample::select(vec![".", "-", "_", " ", "/", ",", "·", "[.]", "(dot)", " dot "]),
    )
        .prop_map(|(numbers, sign)| (Personal::IpAddress, numbers.map(|n| n.to_string()).join(sign), true));
    let v6 = any::<u128>().prop_map(|bits| {
        let address = Ipv6Addr::from((bits >> 4) | (2 << 124));
        (Personal::IpAddress, address.to_string(), true)
    });
    let mac =
        (any::<[u8; 6]>(), signs()).prop_map(move |(bytes, sign)| (Personal::MacAddress, hex(&bytes, sign, 1), true));
    let cisco = (any::<[u8; 6]>(), prop::sample::select(vec![".", "-", "_", ":"]))
        .prop_map(move |(bytes, sign)| (Personal::MacAddress, hex(&bytes, sign, 2), true));
    let bare = any::<[u8; 6]>()
        .prop_filter("a moment", |bytes| !matches!(bytes[0], 0x19 | 0x20))
        .prop_map(move |bytes| (Personal::MacAddress, hex(&bytes, "", 6), true));
    let uuid = (any::<u128>(), prop::sample::select(vec!["-", "_", ".", ":", " ", ""])).prop_map(|(bits, sign)| {
        let digits = format!("{bits:032x}");
        let mut groups = Vec::new();
        let mut rest = digits.as_str();
        for length in [8, 4, 4, 4, 12] {
            let (group, more) = rest.split_at(length);
            groups.push(group);
            rest = more;
        }
        (Personal::Uuid, groups.join(sign), true)
    });
    let of = |kind, pattern: &'static str| pattern.prop_map(move |text| (kind, text, false));
    prop_oneof![
        ip,
        v6,
        mac,
        cisco,
        bare,
        uuid,
        of(
            Personal::Path,
            "(/home|/srv|~|//share|\\$HOME|%APPDATA%|C:/Users|C:\\\\Users|\\\\\\\\share)[/\\\\][a-z]{3,8}"
        ),
        of(Personal::At, "[a-z]{3,8}(@| @ |\\(at\\))[a-z]{3,8}\\.(org|museum)"),
        of(
            Personal::Domain,
            "(www\\.[a-z]{3,8}|[a-z]{2,8}[0-9]?\\.[a-z]{3,8}( dot |\\.)(com|org|de|io|lan|local|co\\.uk))"
        ),
        of(Personal::Token, "(ghp_|github_pat_|glpat-|xoxb-|AKIA|phc_|eyJ)[A-Za-z0-9]{8,40}"),
        of(Personal::Token, "(sk-|hf_|npm_)[a-z]{8}[0-9][A-Z]{8,20}"),
        of(Personal::Url, "[a-z]{3,6}://[a-z]{1,8}"),
        of(Personal::HostName, "web1|WEB1"),
    ]
}

/// A character in a disguise that a person can still read.
fn disguised(c: char, how: u8) -> String {
    const UNSEEN: [char; 6] = ['\u{200b}', '\u{ad}', '\u{2060}', '\u{feff}', '\u{fe0f}', '\u{e0041}'];
    const ZEROS: [u32; 4] = [0x660, 0x6f0, 0x966, 0x1d7ce];
    let at = |code: u32| char::from_u32(code).unwrap();
    let pick = usize::from(how >> 3);
    match (how & 7, c) {
        (0, '!'..='~') => at(u32::from(c) + 0xfee0).to_string(),
        (1, '0'..='9') => at(ZEROS[pick % ZEROS.len()] + u32::from(c) - u32::from('0')).to_string(),
        (1, 'a'..='z') => at(0x1d41a + u32::from(c) - u32::from('a')).to_string(),
        (1, '.') => ["。", "．", "․", "｡"][pick % 4].to_owned(),
        (2, c) if c != ' ' => format!("{c}{}", UNSEEN[pick % UNSEEN.len()]),
        (3, c) if c.is_alphanumeric() => format!("{c}\u{335}"),
        _ => c.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4096) })]

    #[test]
    fn a_secret_is_found_in_every_disguise(
        (kind, secret, in_words) in secret(),
        how in prop::collection::vec(any::<u8>(), 1..80),
        is_disguised in any::<bool>(),
        before in prop::sample::select(vec!["", "a ", "(", "\"", "id=", "netdata:", "Debian|", "12, "]),
        after in prop::sample::select(vec!["", " b", ")", "\"", ";", ":x", "|Debian", ", "]),
        letters in "|[h-uw-z]{2,5}",
    ) {
        let word = if in_words { format!("{letters}{secret}{letters}") } else { secret.clone() };
        let how = how.iter().map(|how| if is_disguised { *how } else { u8::MAX }).cycle();
        let written: String = word.chars().zip(how).map(|(c, how)| disguised(c, how)).collect();
        let text = format!("{before}{written}{after}");
        let hosts = HostNames::new([HOST]);
        prop_assert_eq!(find_personal(&format!("{before}{letters}{after}"), &hosts), None);
        prop_assert!(find_personal(&text, &hosts).is_some(), "{:?}: {} ({})", kind, text, secret);
        for shape in [Shape::FreeText(4096), Shape::FreeWords, Shape::Word, Shape::Words] {
            prop_assert!(shape.check_text(&text, &hosts).is_err(), "{}", text);
        }
    }
}
