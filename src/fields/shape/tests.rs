use super::*;

fn fragment(shape: Shape, text: &str) -> Result<Value, Rejection> {
    shape.check_fragment(text, &HostNames::default())
}

fn plain(shape: Shape, text: &str) -> Result<Value, Rejection> {
    shape.check_text(text, &HostNames::default())
}

const COUNT: Shape = Shape::Integer { min: 0, max: i64::MAX };

#[test]
fn fragments_of_the_right_kind_pass() {
    assert_eq!(fragment(Shape::Boolean, "true"), Ok(Value::Boolean(true)));
    assert_eq!(fragment(COUNT, "256"), Ok(Value::Integer(256)));
    assert_eq!(fragment(Shape::Word, "\"stable\""), Ok(Value::Text("stable".into())));
    assert_eq!(fragment(Shape::Word, "\"Next Generation\""), Ok(Value::Text("Next Generation".into())));
    for shape in [Shape::Boolean, COUNT, Shape::Word, Shape::Words, Shape::FreeWords, Shape::Collectors] {
        assert_eq!(fragment(shape, "null"), Ok(Value::Null), "{shape:?}");
    }
}

#[test]
fn fragments_of_another_kind_are_left_out() {
    assert_eq!(fragment(Shape::Boolean, "\"true\""), Err(Rejection::WrongShape));
    assert_eq!(fragment(Shape::Boolean, "1"), Err(Rejection::WrongShape));
    assert_eq!(fragment(COUNT, "-1"), Err(Rejection::WrongShape));
    assert_eq!(fragment(COUNT, "1.5"), Err(Rejection::WrongShape));
    assert_eq!(fragment(COUNT, "99999999999999999999"), Err(Rejection::WrongShape));
    assert_eq!(fragment(Shape::Word, "\"a/b\""), Err(Rejection::WrongShape));
    assert_eq!(fragment(Shape::Word, "true, \"x\": 1"), Err(Rejection::Malformed));
    assert_eq!(fragment(Shape::Word, &format!("\"{}\"", "a".repeat(65))), Err(Rejection::TooLong));
    assert_eq!(fragment(Shape::Word, "{}"), Err(Rejection::WrongShape));
    assert_eq!(fragment(Shape::Words, "\"10|20|30|40\""), Err(Rejection::Personal(Personal::IpAddress)));
    assert_eq!(fragment(Shape::Word, ""), Err(Rejection::Malformed));
}

#[test]
fn collectors_come_without_brackets() {
    let list = r#"{"plugin":"apps.plugin","module":""},{"plugin":"proc.plugin","module":"/proc/1/stat"}"#;
    let Ok(Value::Collectors(collectors)) = fragment(Shape::Collectors, list) else { panic!("left out") };
    assert_eq!((collectors.fitting.len(), collectors.refused), (1, 1));
    assert_eq!(collectors.fitting[0].plugin, "apps.plugin");
    let list = r#"{"plugin":"proc.plugin","module":"/proc/1/stat"}"#;
    assert_eq!(fragment(Shape::Collectors, list), Err(Rejection::Personal(Personal::Path)));
    let list =
        r#"{"plugin":"proc.plugin","module":"/proc/net/snmp6"},{"plugin":"proc.plugin","module":"/sys/kernel/mm/ksm"}"#;
    assert!(fragment(Shape::Collectors, list).is_ok());
    let list = r#"{"plugin":"proc.plugin","module":"/proc/sys/fs/file-nr"},{"plugin":"proc.plugin","module":"/run/reboot_required"}"#;
    assert!(fragment(Shape::Collectors, list).is_ok());
    let list = r#"{"plugin":"proc.plugin","module":"/proc/c0ffee00-ca11-4a4a-8a4a-0123456789ab"}"#;
    assert_eq!(fragment(Shape::Collectors, list), Err(Rejection::Personal(Personal::Uuid)));
    let list = r#"{"plugin":"apps.plugin","module":""}, {"plugin":"go.d","module":"nginx"}"#;
    let Ok(Value::Collectors(collectors)) = fragment(Shape::Collectors, list) else { panic!("left out") };
    assert_eq!((collectors.fitting.len(), collectors.refused), (2, 0));
    for bad in
        [r#"{"plugin":"a"}"#, r#"{"plugin":"a","module":"b","path":"c"}"#, "1", "]", r#"{"plugin":1,"module":""}"#]
    {
        assert!(fragment(Shape::Collectors, bad).is_err(), "{bad}");
    }
}

#[test]
fn kernel_versions_are_no_addresses() {
    for good in [
        "6.1.0-18-amd64",
        "5.15.90.1-microsoft-standard-WSL2",
        "14.1-RELEASE-p3",
        "23.5.0",
        "unknown",
        "6.12.0-102.36.5.2.el10uek.x86_64",
        "5.10.0-60.18.0.50.oe2203.x86_64",
        "4.18.0-147.5.1.6.h541.eulerosv2r9.x86_64",
        "5.10.0-182.0.0.95.r1941_123.hce2.x86_64",
    ] {
        assert!(plain(Shape::KernelRelease, good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "six",
        "6.1 web",
        "6.1-joe@web",
        "6.1-10.0.0.1",
        "6.1-10.0.0.1.x86_64",
        "6.1-10.0.0.1.elmstreet.x86_64",
        "6.1-x.10.0.0.1.el9.x86_64",
        "1.10.0.0.5",
        ".10.0.0.5",
        "1.200.200.22.0.",
        "6.1-\u{1b}[2J",
    ] {
        assert!(plain(Shape::KernelRelease, bad).is_err(), "{bad}");
    }
}

#[test]
fn identifiers() {
    assert!(is_guid("f5f3005e-e656-11f1-aa14-02fc00000001"));
    for bad in [
        "",
        "00000000-0000-0000-0000-000000000000",
        "f5f3005ee65611f1aa1402fc00000001",
        "g5f3005e-e656-11f1-aa14-02fc00000001",
    ] {
        assert!(!is_guid(bad), "{bad}");
    }
    assert!(is_action("ACLK_CONN_FAIL") && is_action("x1"));
    for bad in ["", "-", "A B", "-1", "--help", "Ä", &"A".repeat(33)] {
        assert!(!is_action(bad), "{bad}");
    }
    for good in ["v1.37.1", "1.37", "v1.37.0-87-nightly"] {
        assert!(plain(Shape::Version, good).is_ok(), "{good}");
    }
    assert!(plain(Shape::Version, "v").is_err() && plain(Shape::Version, "1/2").is_err());
}
