//! The contract over the media there are natively; each case is a test of its name.

use std::rc::Rc;

use anchorite_contract::{Vfs, for_each_case, for_each_sparse_case, state_machine};
use anchorite_vfs::beforehand::Beforehand;
use anchorite_vfs::memory::MemoryStorage;
use anchorite_vfs::sim::{Medium, SimDisk};
use anchorite_vfs::{Options, Storage, register};

/// A VFS of its own for each test: registrations last as long as the program.
fn registered(test: &str, storage: impl Storage + 'static) -> Vfs {
    register(test, Rc::new(storage), Options::default()).expect("registers");
    Vfs::find(test, "contract/").expect("registered above")
}

fn on_memory(name: &str) {
    let vfs = registered(&format!("memory {name}"), MemoryStorage::default());
    if let Err(error) = anchorite_contract::run(name, &vfs) {
        panic!("{error}");
    }
}

/// As well, whatever comes of a case, nothing stays open and nobody stays the owner.
fn on_sim(name: &str) {
    let disk = SimDisk::new(Medium::default());
    let vfs = registered(&format!("sim {name}"), disk.clone());
    if let Err(error) = anchorite_contract::run(name, &vfs) {
        panic!("{error}");
    }
    assert_eq!((disk.open_handles(), disk.owned()), (0, 0), "left behind");
}

/// One job of an engine that cannot suspend: what it notes is done after the case.
fn on_beforehand(name: &str) {
    let disk = SimDisk::new(Medium::default());
    let storage = Beforehand::new(Rc::new(disk.clone()));
    storage.begin().expect("nothing is to be done");
    let vfs = registered(&format!("beforehand {name}"), storage.clone());
    if let Err(error) = anchorite_contract::run(name, &vfs) {
        panic!("{error}");
    }
    storage.finish().expect("does what was noted");
    assert_eq!((disk.open_handles(), disk.owned()), (0, 0), "left behind");
}

macro_rules! on_beforehand {
    ($($module:ident: [$($case:ident),*]),*) => {
        $(mod $module {$(
            #[test]
            fn $case() {
                super::super::on_beforehand(concat!(stringify!($module), "::", stringify!($case)));
            }
        )*})*
    };
}

macro_rules! on_memory {
    ($($module:ident: [$($case:ident),*]),*) => {
        $(mod $module {$(
            #[test]
            fn $case() {
                super::super::on_memory(concat!(stringify!($module), "::", stringify!($case)));
            }
        )*})*
    };
}

macro_rules! on_sim {
    ($($module:ident: [$($case:ident),*]),*) => {
        $(mod $module {$(
            #[test]
            fn $case() {
                super::super::on_sim(concat!(stringify!($module), "::", stringify!($case)));
            }
        )*})*
    };
}

mod memory {
    use super::for_each_case;

    for_each_case!(on_memory);
}

mod sim {
    use super::{for_each_case, for_each_sparse_case};

    for_each_case!(on_sim);
    for_each_sparse_case!(on_sim);
}

mod beforehand {
    use super::for_each_case;

    for_each_case!(on_beforehand);
}

/// Ten thousand steps on each medium; `cargo xtask torture` takes a million.
#[test]
fn random_calls_answer_as_the_model_does() {
    let memory = registered("machine on memory", MemoryStorage::default());
    let sim = registered("machine on sim", SimDisk::new(Medium::default()));
    for vfs in [memory, sim] {
        if let Err(error) = state_machine(&vfs, 10_000, 1) {
            panic!("{error}");
        }
    }
}
