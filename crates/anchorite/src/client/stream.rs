//! Rows that come one after the other. Made by `mod.rs`; it must not know from where.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::error::Error;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
type Inner<T> = dyn Stream<Item = Result<T, Error>> + Send;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
type Inner<T> = dyn Stream<Item = Result<T, Error>>;

/// A [`Stream`] of rows, or of the results of a live query; [`next`](Self::next) is all that is
/// needed to take them. It ends after the first error.
///
/// ```
/// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
/// use futures_util::TryStreamExt;
///
/// let db = anchorite::Database::open(":memory:").await?;
/// let numbers = db.stream::<i64>("VALUES (1), (2)", ());
/// assert_eq!(numbers.try_collect::<Vec<_>>().await?, [1, 2]);
/// # Ok(()) }) }
/// ```
pub struct Rows<T>(Option<Pin<Box<Inner<T>>>>);

impl<T> Rows<T> {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub(crate) fn new(rows: impl Stream<Item = Result<T, Error>> + Send + 'static) -> Self {
        Self(Some(Box::pin(rows)))
    }

    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    pub(crate) fn new(rows: impl Stream<Item = Result<T, Error>> + 'static) -> Self {
        Self(Some(Box::pin(rows)))
    }

    /// The next row; `None` after the last one.
    ///
    /// ```
    /// # fn main() -> Result<(), anchorite::Error> { futures_executor::block_on(async {
    /// # let db = anchorite::Database::open(":memory:").await?;
    /// let mut numbers = db.stream::<i64>("VALUES (1)", ());
    /// assert_eq!(numbers.next().await.transpose()?, Some(1));
    /// assert_eq!(numbers.next().await.transpose()?, None);
    /// # Ok(()) }) }
    /// ```
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<T> Stream for Rows<T> {
    type Item = Result<T, Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<T, Error>>> {
        let Some(rows) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let next = rows.as_mut().poll_next(context);
        if let Poll::Ready(None | Some(Err(_))) = &next {
            self.0 = None;
        }
        next
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.0.is_some() { "open" } else { "over" };
        formatter.debug_tuple("Rows").field(&state).finish()
    }
}
