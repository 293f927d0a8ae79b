use super::*;

fn personal(text: &str) -> Option<Personal> {
    find_personal(text, &HostNames::new(["web1.example.org"]))
}

#[test]
fn everyday_values_pass() {
    for text in [
        "Debian GNU/Linux",
        "12 (bookworm)",
        "Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz",
        "AMD EPYC 7763 64-Core Processor",
        "dbengine|Native HTTPS|TLS Host Verification|JSON-C|libcap",
        "FreeBSD 14.1-RELEASE-p3",
        "Amazon Linux 2023.5.20240722",
        "AUTH/TLS: v1.2",
        "19 (Schrödinger’s Cat)",
        "РЕД ОС",
        "std::deque::push_back",
        "2024-10-05 11:22:33",
        "README.md",
        "go.d.plugin",
        "Config.cc",
        "1.2~rc1",
        "100% free",
    ] {
        assert_eq!(personal(text), None, "{text}");
    }
}

#[test]
fn each_kind_is_found() {
    let kinds = [
        (
            Personal::IpAddress,
            "listening on 192.168.1.17; node-10.0.0.5; at [2001:db8::1]:80; fe80::1; netdata:2001:db8::c0de; \
             2001:db8::c0de:function; ip-10-20-30-40; 10_20_30_40; host10.1.2.3x; host1.2.3.4; \
             10[.]20[.]30[.]40; 10 dot 0 dot 0 dot 5; hostfe80::1x",
        ),
        (
            Personal::MacAddress,
            "eth0 52:54:00:12:34:56; netdata:52-54-00-12-34-56; 5254.0012.3456; 5254-0012-3456; \
             52_54_00_12_34_56; 52.54.00.12.34.56; 52 54 00 12 34 56; 525400123456; enx525400abcdef; \
             mac52:54:00:12:34:56x; -generic-525400abcdef",
        ),
        (
            Personal::Uuid,
            "f5f3005e-e656-11f1-aa14-02fc00000001; netdata:f5f3005e-e656-11f1-aa14-02fc00000001:x; \
             id=0123456789abcdef0123456789abcdef; f5f3005e_e656_11f1_aa14_02fc00000001; \
             F5F3005E.E656.11F1.AA14.02FC00000001",
        ),
        (Personal::Url, "see https://example.org"),
        (
            Personal::Path,
            "in /home/joe; (/etc); -/home/joe; //server/share; C:\\Users\\joe; C:Users; \\\\server\\share; \
             OFFICE\\joe; ~/joe; ~joe; $HOME/x; ${HOME}; %USERPROFILE%",
        ),
        (Personal::At, "joe@example.org; joe @ example.org; joe@2.60GHz; joe @ 2; joe (at) home; @ GHz"),
        (
            Personal::Token,
            "ghp0123456789abcdefghij; ghp_abcdefgh; GHP_ABCDEFGH; github_pat_11ABCDEFG; glpat-abcd-efgh; x \
             AKIAABCDEFGHIJKL; eyJhbGciOiJI.eyJ; sk-proj-0123456789abc; phc_abcdefgh",
        ),
        (
            Personal::Domain,
            "www.joes-bakery; db2.example.com; (nas.local); fritz.box:80; db_of_mail.example.co.uk; \
             db2.example.md; joe at example dot org; bücher.xn--p1ai; bücher.de.",
        ),
        (Personal::HostName, "kernel of web1; WEB1.example.org; web1_2"),
    ];
    for (kind, texts) in kinds {
        for text in texts.split("; ") {
            assert_eq!(personal(text), Some(kind), "{text}");
        }
    }
}

#[test]
fn what_looks_alike_is_not_it() {
    for text in [
        // Versions
        "v1.12.24.136ee7c",
        "6.0.0.14I",
        "10.0.22631.4",
        "24.7.11_2",
        // A moment, and names of commits
        "417.94.202410090854-0",
        "5.15.71+g3313732e9984",
        "5.10.0-00012-g0123456789ab-dirty",
        // Words that begin like a token
        "npm_config_registry_settings",
        "disk-usage-of-20-filesystems",
        "sk-SK",
        "Eyjafjallajökull",
        "asia-northeast1-a-of-many-zones",
        // Names with dots
        "kern.cp_time",
        "kstat.zfs.misc.arcstats",
        "5.15.0-1051.aws",
        "lts.hwe",
        "6.1.0.de",
        // Words and colons
        "netdata:netdata",
        "opentsdb:http",
        "TLS:x",
        "cgroup-name.sh",
    ] {
        assert_eq!(personal(text), None, "{text}");
    }
}

#[test]
fn a_disguise_does_not_help() {
    for (text, kind) in [
        ("１０.２０.３０.４０", Personal::IpAddress),
        ("10。20。30。40", Personal::IpAddress),
        ("١٠.٢٠.٣٠.٤٠", Personal::IpAddress),
        ("𝟏𝟎.𝟐𝟎.𝟑𝟎.𝟒𝟎", Personal::IpAddress),
        ("1\u{200b}0.20.3\u{ad}0.4\u{fe0f}0", Personal::IpAddress),
        ("１0.2０.३0.④", Personal::IpAddress),
        ("５２：５４：００：１２：３４：５６", Personal::MacAddress),
        ("joe＠example．org", Personal::At),
        ("joe\u{3000}﹫ example", Personal::At),
        ("C：＼Users", Personal::Path),
        ("ｈｔｔｐ：／／x", Personal::Url),
        ("kernel of ｗｅｂ１", Personal::HostName),
        ("kernel of we\u{301}b١", Personal::HostName),
        ("𝐠𝐡𝐩_abcdefgh", Personal::Token),
        ("db2｡example．ｃｏｍ", Personal::Domain),
    ] {
        assert_eq!(personal(text), Some(kind), "{text}");
    }
}

#[test]
fn a_host_named_like_a_product_loses_nothing() {
    for host in ["debian", "vm", "netdata", "agent", "localhost.localdomain"] {
        let hosts = HostNames::new([host]);
        for text in ["Debian GNU/Linux", "netdata", "agent backend", "vm-other"] {
            assert_eq!(find_personal(text, &hosts), None, "{host} in {text}");
        }
    }
}
