//! The contract over SQLite's own VFS for Unix: what the cases ask for is what SQLite itself keeps.
//!
//! Where ours differs on purpose, a case is left out here, with the reason.
#![cfg(unix)]

use std::path::PathBuf;

use anchorite_contract::{CASES, SPARSE_CASES, Vfs};

/// What only we promise, or only os_unix.c does otherwise.
const OURS: [(&str, &str); 11] = [
    (
        "open::directories_are_part_of_a_name",
        "it makes no directory",
    ),
    (
        "open::exclusive_creation_wants_a_new_file",
        "of main files it takes EXCLUSIVE for done",
    ),
    (
        "open::impossible_names_are_refused",
        "to it they are possible",
    ),
    (
        "open::a_full_pathname_is_whole_or_refused",
        "it has the longer name of a symbolic link",
    ),
    (
        "open::a_read_only_file_cannot_be_changed",
        "it says SQLITE_IOERR_WRITE",
    ),
    ("open::a_read_only_file_shows_what_others_write", "the same"),
    (
        "shm::closing_gives_up_the_slots",
        "SQLite always unmaps before it closes",
    ),
    (
        "suite::the_suite_of_rsqlite_vfs_passes",
        "it keeps EXCLUSIVE and a name for temporary files otherwise",
    ),
    (
        "host::the_last_error_is_told_in_words",
        "it has a number only",
    ),
    ("host::randomness_has_no_limit", "it gives up to 256 bytes"),
    (
        "host::the_clock_tells_julian_time",
        "as built here it has no xCurrentTime",
    ),
];

#[test]
fn sqlite_keeps_this_contract_itself() {
    let folder = folder("cases");
    let mut failures = Vec::new();
    for case in CASES.iter().chain(SPARSE_CASES) {
        if OURS.iter().any(|(name, _)| *name == case.name) {
            continue;
        }
        let prefix = format!("{}/{}-", folder.display(), case.name.replace(':', "-"));
        let vfs = Vfs::find("unix", &prefix).expect("SQLite has it on Unix");
        if let Err(error) = (case.run)(&vfs) {
            failures.push(format!("{}: {error}", case.name));
        }
    }
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn folder(name: &str) -> PathBuf {
    let name = format!("anchorite-contract-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).expect("there is room for temporary files");
    folder
}

#[test]
fn random_calls_answer_as_the_model_does() {
    let folder = folder("machine");
    let vfs = Vfs::find("unix", &format!("{}/", folder.display())).expect("SQLite has it on Unix");
    let outcome = anchorite_contract::state_machine(&vfs, 20_000, 1);
    std::fs::remove_dir_all(&folder).expect("it is ours");
    assert_eq!(outcome, Ok(()));
}
