// Loads the wasm module, which starts by itself.
import init from './pkg/notes_yew.js';

await init({ module_or_path: new URL('pkg/notes_yew_bg.wasm', import.meta.url) });
