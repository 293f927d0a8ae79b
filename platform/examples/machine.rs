//! What machine is this, and how do you know? `cargo run --example machine`

fn main() {
    let facts = system_facts::collect();
    for fact in facts.leaves() {
        let source = fact.source.map(|source| format!("  ({source})")).unwrap_or_default();
        println!("{}.{}: {}{source}", fact.group, fact.name, fact.value);
    }
}
