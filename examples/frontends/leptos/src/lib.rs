//! Notes in Leptos: a list that follows the database, in this tab and in others.
//!
//! Loaded by `start.js`. It must not know SQL, which is in `notes`.

use leptos::prelude::*;
use leptos::task::spawn_local;
use notes::{Change, Note, Notes};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(start)]
pub fn start() {
    mount_to_body(App);
}

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Page {
    notes: RwSignal<Option<Notes>, LocalStorage>,
    list: RwSignal<Vec<Note>>,
    problem: RwSignal<String>,
}

impl Page {
    fn new() -> Self {
        let notes = RwSignal::new_local(None);
        let (list, problem) = (RwSignal::default(), RwSignal::default());
        Self {
            notes,
            list,
            problem,
        }
    }

    /// Shows each new list until the page goes.
    async fn follow(self) -> Result<(), anchorite::Error> {
        let opened = |notes| self.notes.set(Some(notes));
        notes::follow(opened, |list| self.list.set(list)).await
    }

    fn change(self, change: Change) {
        let Some(notes) = self.notes.get_untracked() else {
            return;
        };
        spawn_local(async move { self.tell(notes.apply(change).await) });
    }

    fn tell(self, outcome: Result<(), anchorite::Error>) {
        let problem = outcome.err().map(|error| error.to_string());
        self.problem.set(problem.unwrap_or_default());
    }
}

#[component]
fn App() -> impl IntoView {
    let page = Page::new();
    let text = RwSignal::new(String::new());
    spawn_local(async move { page.tell(page.follow().await) });
    view! {
        <main>
            <h1>"Notes, in Leptos"</h1>
            <form on:submit=move |event| {
                event.prevent_default();
                page.change(Change::Add(text.get()));
                text.set(String::new());
            }>
                <input
                    aria-label="New note"
                    required
                    prop:value=text
                    on:input:target=move |event| text.set(event.target().value())
                />
                <button disabled=move || page.notes.with(Option::is_none)>"Add"</button>
            </form>
            <p role="alert">{page.problem}</p>
            <ul>
                <For each=move || page.list.get() key=|note| (note.id, note.done) let(note)>
                    {row(page, note)}
                </For>
            </ul>
        </main>
    }
}

fn row(page: Page, note: Note) -> impl IntoView {
    let Note { id, text, done } = note;
    view! {
        <li class:done=done>
            <label>
                <input
                    type="checkbox"
                    prop:checked=done
                    on:change=move |_| page.change(Change::SetDone(id, !done))
                />
                <span>{text}</span>
            </label>
            <button on:click=move |_| page.change(Change::Remove(id))>"Remove"</button>
        </li>
    }
}
