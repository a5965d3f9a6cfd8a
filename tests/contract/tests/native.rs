//! The contract over the media there are natively; each case is a test of its name.

use std::rc::Rc;

use anchorite_contract::{Vfs, for_each_case};
use anchorite_vfs::{Options, Storage, register};

/// Runs a case on a VFS of its own: registrations last as long as the program.
fn run(name: &str, medium: &str, storage: Rc<dyn Storage>) {
    let vfs = format!("{medium} {name}");
    register(&vfs, storage, Options::default()).expect("registers");
    let vfs = Vfs::find(&vfs, "contract/").expect("registered above");
    if let Err(error) = anchorite_contract::run(name, &vfs) {
        panic!("{error}");
    }
}

mod memory {
    use super::*;
    use anchorite_vfs::memory::MemoryStorage;

    macro_rules! tests {
        ($($module:ident: [$($case:ident),*]),*) => {
            $(mod $module {$(
                #[test]
                fn $case() {
                    let name = concat!(stringify!($module), "::", stringify!($case));
                    super::super::run(name, "memory", std::rc::Rc::new(super::MemoryStorage::default()));
                }
            )*})*
        };
    }

    for_each_case!(tests);
}

/// Twenty thousand steps of the state machine; `cargo xtask torture` takes a million.
#[test]
fn random_calls_answer_as_the_model_does() {
    let storage = anchorite_vfs::memory::MemoryStorage::default();
    register("machine", Rc::new(storage), Options::default()).expect("registers");
    let vfs = Vfs::find("machine", "machine/").expect("registered above");
    if let Err(error) = anchorite_contract::state_machine(&vfs, 20_000, 1) {
        panic!("{error}");
    }
}
