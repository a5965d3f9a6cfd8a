//! Notes in Yew: a list that follows the database, in this tab and in others.
//!
//! Loaded by `start.js`. It must not know SQL, which is in `notes`.

use notes::{Change, Note, Notes};
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlInputElement;
use yew::platform::spawn_local;
use yew::prelude::*;

#[wasm_bindgen(start)]
pub fn start() {
    yew::Renderer::<App>::new().render();
}

#[derive(Default)]
struct App {
    notes: Option<Notes>,
    list: Vec<Note>,
    problem: String,
    input: NodeRef,
}

enum Message {
    Opened(Notes),
    Listed(Vec<Note>),
    Add,
    Change(Change),
    Outcome(Result<(), anchorite::Error>),
}

impl Component for App {
    type Message = Message;
    type Properties = ();

    fn create(context: &Context<Self>) -> Self {
        let tell = context.link().callback(|message| message);
        spawn_local(async move {
            let opened = |notes| tell.emit(Message::Opened(notes));
            let listed = |list| tell.emit(Message::Listed(list));
            tell.emit(Message::Outcome(notes::follow(opened, listed).await));
        });
        Self::default()
    }

    fn update(&mut self, context: &Context<Self>, message: Message) -> bool {
        match message {
            Message::Opened(notes) => self.notes = Some(notes),
            Message::Listed(list) => self.list = list,
            Message::Add => self.add(context),
            Message::Change(change) => self.change(context, change),
            Message::Outcome(outcome) => {
                let problem = outcome.err().map(|error| error.to_string());
                self.problem = problem.unwrap_or_default();
            }
        }
        true
    }

    fn view(&self, context: &Context<Self>) -> Html {
        let add = context.link().callback(|event: SubmitEvent| {
            event.prevent_default();
            Message::Add
        });
        html! {
            <main>
                <h1>{ "Notes, in Yew" }</h1>
                <form onsubmit={add}>
                    <input aria-label="New note" required={true} ref={self.input.clone()} />
                    <button disabled={self.notes.is_none()}>{ "Add" }</button>
                </form>
                <p role="alert">{ &self.problem }</p>
                <ul>{ for self.list.iter().map(|note| row(context, note)) }</ul>
            </main>
        }
    }
}

impl App {
    fn add(&self, context: &Context<Self>) {
        if let Some(input) = self.input.cast::<HtmlInputElement>() {
            self.change(context, Change::Add(input.value()));
            input.set_value("");
        }
    }

    fn change(&self, context: &Context<Self>, change: Change) {
        let Some(notes) = self.notes.clone() else {
            return;
        };
        let link = context.link();
        link.send_future(async move { Message::Outcome(notes.apply(change).await) });
    }
}

fn row(context: &Context<App>, note: &Note) -> Html {
    let (id, done) = (note.id, note.done);
    let link = context.link();
    let tick = link.callback(move |_| Message::Change(Change::SetDone(id, !done)));
    let remove = link.callback(move |_| Message::Change(Change::Remove(id)));
    html! {
        <li key={id} class={done.then_some("done")}>
            <label>
                <input type="checkbox" checked={done} onchange={tick} />
                <span>{ &note.text }</span>
            </label>
            <button onclick={remove}>{ "Remove" }</button>
        </li>
    }
}
