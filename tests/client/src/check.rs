//! Assertions that answer an error: a panic would end the module in a page, without its words.

use std::fmt::Debug;

use anchorite::Error;

/// Why a case has failed.
#[derive(Debug)]
pub struct Failure(pub String);

/// What a case answers.
pub type Outcome = Result<(), Failure>;

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl From<Error> for Failure {
    #[track_caller]
    fn from(error: Error) -> Self {
        let place = std::panic::Location::caller();
        Self(format!("{place}: {error}"))
    }
}

#[track_caller]
pub(crate) fn equal<A: Debug + PartialEq<B>, B: Debug>(got: A, wanted: B) -> Outcome {
    let place = std::panic::Location::caller();
    match got == wanted {
        true => Ok(()),
        false => Err(format!("{place}: got {got:?}, wanted {wanted:?}").into()),
    }
}

/// That it has failed, and with which code and words.
#[track_caller]
pub(crate) fn refused<T: Debug>(got: Result<T, Error>, code: &str, words: &str) -> Outcome {
    let place = std::panic::Location::caller();
    match got {
        Err(error) if error.code() == code && error.message().contains(words) => Ok(()),
        other => Err(format!("{place}: got {other:?}, wanted {code} with {words:?}").into()),
    }
}
