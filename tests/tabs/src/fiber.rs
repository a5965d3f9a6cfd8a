//! A tab's own stack: it runs until it reaches a call of the medium, and goes on when it is told.
//!
//! `schedule.rs` resumes, `world.rs` pauses. It must not know what runs on the stack.
#![expect(
    unsafe_code,
    reason = "the way back from a stack is found through a pointer"
)]

use std::cell::Cell;
use std::ptr;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

type Pause = Yielder<(), ()>;

thread_local! {
    /// Where the running fiber can be left; null outside of any.
    static CURRENT: Cell<*const Pause> = const { Cell::new(ptr::null()) };
    /// Stacks that are not in use.
    static STACKS: Cell<Vec<DefaultStack>> = const { Cell::new(Vec::new()) };
}

/// Bytes of a stack: SQLite's parser and a sort need some 100 KiB.
const STACK_SIZE: usize = 512 * 1024;

/// A function on a stack of its own.
pub(crate) struct Fiber {
    coroutine: Option<Coroutine<(), (), (), DefaultStack>>,
}

impl Fiber {
    /// Nothing runs yet.
    pub(crate) fn new(body: impl FnOnce() + 'static) -> Self {
        let mut stacks = STACKS.take();
        let stack = stacks.pop();
        STACKS.set(stacks);
        let stack = stack.unwrap_or_else(|| DefaultStack::new(STACK_SIZE).expect("memory"));
        let coroutine = Coroutine::with_stack(stack, |pause: &Pause, ()| {
            CURRENT.set(ptr::from_ref(pause));
            body();
        });
        Self {
            coroutine: Some(coroutine),
        }
    }

    /// Runs until the next pause; `false` if there was none.
    pub(crate) fn resume(&mut self) -> bool {
        let Some(coroutine) = &mut self.coroutine else {
            return false;
        };
        let result = coroutine.resume(());
        CURRENT.set(ptr::null());
        if let CoroutineResult::Yield(()) = result {
            return true;
        }
        if let Some(done) = self.coroutine.take() {
            let mut stacks = STACKS.take();
            stacks.push(done.into_stack());
            STACKS.set(stacks);
        }
        false
    }
}

/// Leaves the running fiber until it is resumed; nothing outside of one.
pub(crate) fn pause() {
    let current = CURRENT.get();
    if current.is_null() {
        return;
    }
    // SAFETY: it was set on the stack that is running now, by the body of its coroutine or below;
    // the yielder lives as long as that body, which has not returned.
    let pause = unsafe { &*current };
    pause.suspend(());
    CURRENT.set(current);
}
