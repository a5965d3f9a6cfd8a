//! The cases natively, on ordinary files; each is a test of its name.

use std::fs;
use std::path::PathBuf;

use anchorite::OpenOptions;
use anchorite_client_tests::for_each_case;
use futures_executor::block_on;

/// In a folder of its own.
fn run(name: &str) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name.replace("::", "-"));
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("what an earlier run has left can be removed");
    }
    let place = |label: &str| OpenOptions::new(format!("{label}.db")).directory(&folder);
    if let Err(failure) = block_on(anchorite_client_tests::run(name, place)) {
        panic!("{}", failure.0);
    }
}

macro_rules! natively {
    ($($module:ident: [$($case:ident),*]),*) => {
        $(mod $module {$(
            #[test]
            fn $case() {
                super::run(concat!(stringify!($module), "::", stringify!($case)));
            }
        )*})*
    };
}

for_each_case!(natively);
