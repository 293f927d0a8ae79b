//! The sizes on the page about a fleet.

use testkit::{Receiver, Reply, opted_out_here, parts, this_test};

use crate::stand_in::{Agent, KILLED, ORDERLY};

/// Values differ from machine to machine: the page may be wrong by a fourth.
const SHARE: usize = 4;

#[test]
fn the_page_on_scale_counts_the_bytes_of_a_body() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = Agent::sending_to(&receiver);
    agent.leaves(100, "stopped");
    for (run, (file, end)) in
        [("stopped", ORDERLY), ("killed", KILLED), ("fatal", ("exit-code", "exited", "1"))].into_iter().enumerate()
    {
        agent.before_start(run + 1).quietly();
        agent.leaves(run + 1, file);
        agent.after_end(run + 1, end).quietly();
    }
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scale.md");
    let page = std::fs::read_to_string(page).unwrap();
    for action in ["START", "EXIT", "CRASH", "FATAL"] {
        let requests = receiver.requests();
        let of_action = |request: &&Vec<u8>| parts(request).1["properties"]["action"] == action;
        let request = requests.iter().find(of_action).unwrap();
        let body = request.len() - parts(request).0.len();
        println!("| `{action}` | {body} |");
        let stated = page.lines().find_map(|line| line.strip_prefix(&format!("| `{action}` | "))).unwrap();
        let stated: usize = stated.split(' ').next().unwrap().replace(',', "").parse().unwrap();
        assert!(body.abs_diff(stated) * SHARE <= stated, "{action}: {body} bytes, the page says {stated}");
    }
}
