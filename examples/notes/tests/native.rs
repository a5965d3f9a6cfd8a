//! The logic of the notes, natively: what a front end shows after each change.

use anchorite::Error;
use futures_executor::block_on;
use notes::{Change, Note, Notes};

fn note(id: i64, text: &str, done: bool) -> Note {
    let text = text.to_owned();
    Note { id, text, done }
}

#[test]
fn a_list_follows_what_is_done_to_it() -> Result<(), Error> {
    block_on(async {
        let notes = Notes::open(":memory:").await?;
        let mut lists = notes.all();
        assert_eq!(lists.next().await.transpose()?, Some(vec![]));
        notes.apply(Change::Add(" milk ".into())).await?;
        assert_eq!(
            lists.next().await.transpose()?,
            Some(vec![note(1, "milk", false)])
        );
        notes.apply(Change::SetDone(1, true)).await?;
        assert_eq!(
            lists.next().await.transpose()?,
            Some(vec![note(1, "milk", true)])
        );
        notes.apply(Change::Remove(1)).await?;
        assert_eq!(lists.next().await.transpose()?, Some(vec![]));
        Ok(())
    })
}

#[test]
fn a_note_without_text_is_refused() -> Result<(), Error> {
    block_on(async {
        let notes = Notes::open(":memory:").await?;
        let refused = notes.apply(Change::Add("  ".into())).await.unwrap_err();
        assert_eq!(refused.code(), "SQLITE_CONSTRAINT");
        Ok(())
    })
}
