//! A program's parts, in the form of `CycloneDX`.

use serde_json::{Value, json};

use super::graph::{Graph, Id, Package};

/// Without a serial number and a time, which the form does not demand: the same program has the same list.
pub(super) fn cyclonedx(graph: &Graph, program: &str, target: &str, checksum: &str, rust: &str) -> Value {
    let (_, version) = &graph.root;
    let mut components: Vec<Value> = graph
        .packages
        .iter()
        .filter(|(id, _)| **id != graph.root)
        .map(|((name, version), package)| component(name, version, package))
        .collect();
    // No package of cargo's, and in every program all the same.
    components.push(json!({
        "type": "library",
        "bom-ref": RUST,
        "name": "std",
        "description": "Rust's standard library, as built by the Rust project, with the C library where it is static",
        "version": rust,
        "scope": "required",
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
        "purl": format!("pkg:github/rust-lang/rust@{rust}"),
    }));
    let edges = graph.packages.iter().map(|(id, package)| {
        let mut needs: Vec<String> = package.dependencies.iter().map(reference).collect();
        if *id == graph.root {
            needs.push(RUST.to_owned());
        }
        json!({"ref": reference(id), "dependsOn": needs})
    });
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": reference(&graph.root),
                "name": program,
                "version": version,
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "hashes": [{"alg": "SHA-256", "content": checksum}],
                "properties": [{"name": "rust:target", "value": target}],
            },
        },
        "components": components,
        "dependencies": edges.collect::<Vec<_>>(),
    })
}

const RUST: &str = "rust-std";

fn reference((name, version): &Id) -> String {
    format!("{name}@{version}")
}

fn component(name: &str, version: &str, package: &Package) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": format!("{name}@{version}"),
        "name": name,
        "version": version,
        // "excluded" is the form's word for what is not there at run time.
        "scope": if package.runtime { "required" } else { "excluded" },
        "licenses": [{"expression": package.license}],
    });
    // Our own packages are nowhere but here.
    if let Some(checksum) = &package.checksum {
        component["purl"] = format!("pkg:cargo/{name}@{}", version.replace('+', "%2B")).into();
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::example;
    use super::*;

    #[test]
    fn every_part_is_named_and_so_is_who_needs_it() {
        let list = cyclonedx(&example(), "the-program", "x86_64-unknown-freebsd", "0123", "1.95.0");
        let component = &list["metadata"]["component"];
        assert_eq!((&component["name"], &component["version"]), (&json!("the-program"), &json!("1.0.0")));
        assert_eq!(component["hashes"][0]["content"], "0123");
        let parts: Vec<_> =
            list["components"].as_array().unwrap().iter().map(|part| (&part["name"], &part["scope"])).collect();
        let part = |name: &str, scope: &str| (json!(name), json!(scope));
        let expected = [
            part("library", "required"),
            part("macros", "excluded"),
            part("small", "required"),
            part("std", "required"),
        ];
        assert_eq!(parts, expected.each_ref().map(|(name, scope)| (name, scope)));
        assert_eq!(list["components"][0]["purl"], "pkg:cargo/library@2.0.0%2Bx");
        let needs: Vec<_> = list["dependencies"].as_array().unwrap().iter().map(|edge| &edge["dependsOn"]).collect();
        let expected = [
            json!(["library@2.0.0+x", "macros@3.0.0", "rust-std"]),
            json!(["small@0.1.0"]),
            json!(["small@0.1.0"]),
            json!([]),
        ];
        assert_eq!(needs, expected.each_ref());
        assert_eq!(list, cyclonedx(&example(), "the-program", "x86_64-unknown-freebsd", "0123", "1.95.0"));
        assert!(list.get("serialNumber").is_none() && list["metadata"].get("timestamp").is_none());
    }
}
