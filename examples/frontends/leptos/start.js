// Loads the wasm module, which starts by itself.
import init from './pkg/notes_leptos.js';

await init({ module_or_path: new URL('pkg/notes_leptos_bg.wasm', import.meta.url) });
