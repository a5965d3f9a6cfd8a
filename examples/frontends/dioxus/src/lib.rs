//! Notes in Dioxus: a list that follows the database, in this tab and in others.
//!
//! Loaded by `start.js`. It must not know SQL, which is in `notes`.

use dioxus::prelude::*;
use notes::{Change, Note, Notes};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(start)]
pub fn start() {
    dioxus::launch(App);
}

/// What the parts of the page share.
#[derive(Clone, Copy, PartialEq)]
struct Page {
    notes: Signal<Option<Notes>>,
    list: Signal<Vec<Note>>,
    problem: Signal<String>,
}

impl Page {
    /// Shows each new list until the page goes.
    async fn follow(mut self) -> Result<(), anchorite::Error> {
        let opened = |notes| self.notes.set(Some(notes));
        notes::follow(opened, |list| self.list.set(list)).await
    }

    fn change(mut self, change: Change) {
        let Some(notes) = self.notes.read().clone() else {
            return;
        };
        spawn(async move { self.tell(notes.apply(change).await) });
    }

    fn tell(&mut self, outcome: Result<(), anchorite::Error>) {
        let problem = outcome.err().map(|error| error.to_string());
        self.problem.set(problem.unwrap_or_default());
    }
}

#[component]
fn App() -> Element {
    let mut page = Page {
        notes: use_signal(|| None),
        list: use_signal(Vec::new),
        problem: use_signal(String::new),
    };
    let mut text = use_signal(String::new);
    use_future(move || async move { page.tell(page.follow().await) });
    rsx! {
        main {
            h1 { "Notes, in Dioxus" }
            form {
                onsubmit: move |event| {
                    event.prevent_default();
                    page.change(Change::Add(text.take()));
                },
                input {
                    aria_label: "New note",
                    required: true,
                    value: "{text}",
                    oninput: move |event| text.set(event.value()),
                }
                button { disabled: page.notes.read().is_none(), "Add" }
            }
            p { role: "alert", "{page.problem}" }
            ul {
                for note in page.list.read().iter().cloned() {
                    Row { key: "{note.id}", page, note }
                }
            }
        }
    }
}

#[component]
fn Row(page: Page, note: Note) -> Element {
    let Note { id, text, done } = note;
    rsx! {
        li { class: if done { "done" },
            label {
                input {
                    r#type: "checkbox",
                    checked: done,
                    onchange: move |_| page.change(Change::SetDone(id, !done)),
                }
                span { "{text}" }
            }
            button { onclick: move |_| page.change(Change::Remove(id)), "Remove" }
        }
    }
}
