//! An application's module: the pair beside each other, and glue with the face that wasm-bindgen
//! gives it, so that what loads the module loads the build that the browser can run.
//!
//! ```text
//! wasm-bindgen's                 becomes
//! NAME_bg.wasm                   NAME_bg.wasm, NAME_bg.asyncify.wasm
//! NAME.js, NAME.d.ts             the same names: `init()`, and the functions and classes after it
//! snippets/                      as it is
//! ```
//!
//! Called by the program. The loader in it is that of the npm package: `js/loader.mjs` makes
//! `loader.js` from it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::glue::{self, Factory, HEADER};
use crate::optimise::Optimiser;
use crate::{Pair, generate, read, shims};

/// What to build from, and where to.
#[derive(Clone, Debug)]
pub struct Application {
    /// The module as cargo leaves it; or `NAME_bg.wasm`, what wasm-bindgen has made of it for the
    /// target `web`, beside its glue `NAME.js`.
    pub wasm: PathBuf,
    /// The folder for what is written; that of `wasm` if that is wasm-bindgen's.
    pub out_dir: Option<PathBuf>,
    /// The NAME of the files; that of `wasm` if there is none.
    pub name: Option<String>,
    /// What makes the pair.
    pub optimiser: Optimiser,
}

/// The library's loader, in which [`LOADED`] stands for the module.
const LOADER: &str = include_str!("loader.js");

/// The beginning of the names of both files, as the loader has them.
const LOADED: &str = "\"./anchorite.";

/// What an application imports, in which [`NAMES`] stands for its functions and classes.
const ENTRY: &str = include_str!("entry.js");

const NAMES: &str = "__names__";

/// What the loader and `crates/anchorite` say to each other; no business of an application.
const PRIVATE: [&str; 5] = [
    "anchorite_attach",
    "cannot_suspend",
    "is_unfinished",
    "settle",
    "suspended_promise",
];

/// Writes the pair and its glue.
///
/// # Errors
/// When the module was made by another version of wasm-bindgen, or of wasm-bindgen's output for
/// another target than `web`; when it does not suspend by `anchorite::run`, or uses what no twin
/// can be made of; or when `wasm-opt` fails.
pub fn application(options: &Application) -> Result<Pair> {
    let wasm = &options.wasm;
    let stem = wasm.file_stem().context("the module has no name")?;
    let stem = stem.to_string_lossy().into_owned();
    let folder = wasm.parent().unwrap_or(Path::new("")).to_owned();
    let bound = stem.strip_suffix("_bg");
    let bound = bound.filter(|name| folder.join(format!("{name}.js")).exists());
    let (name, folder) = match bound {
        Some(name) => {
            ensure!(
                options.out_dir.is_none() && options.name.is_none(),
                "what wasm-bindgen has written is replaced where it lies, under its own name"
            );
            (name.to_owned(), folder)
        }
        None => {
            let name = options.name.clone().unwrap_or(stem);
            let out_dir = options.out_dir.clone();
            let out_dir = out_dir.context("say where to write to (--out-dir)")?;
            generate(wasm, &name, &out_dir)?;
            (name, out_dir)
        }
    };
    replace(&folder, &name, &options.optimiser)
}

/// Replaces wasm-bindgen's output.
fn replace(folder: &Path, name: &str, optimiser: &Optimiser) -> Result<Pair> {
    let glue = folder.join(format!("{name}.js"));
    let types = folder.join(format!("{name}.d.ts"));
    let plain = folder.join(format!("{name}_bg.wasm"));
    let asyncify = folder.join(format!("{name}_bg.asyncify.wasm"));
    let text = read(&glue)?;
    if text.starts_with(HEADER) {
        bail!("{} is the glue of a pair already", glue.display());
    }
    let wasm = fs::read(&plain).with_context(|| format!("reading {}", plain.display()))?;
    shims::check(&wasm)?;
    let factory = glue::factory(&text, "instantiate")?;
    optimiser.pair(&plain, &plain, &asyncify)?;
    fs::write(&glue, entry(&factory, name)?)?;
    if types.exists() {
        fs::write(&types, declarations(&read(&types)?)?)?;
    }
    Ok(Pair {
        plain,
        asyncify,
        glue,
    })
}

/// The glue: snippets, the factory, the loader, and what an application imports.
fn entry(factory: &Factory, name: &str) -> Result<String> {
    ensure!(LOADER.contains(LOADED), "the loader names no module");
    let loader = LOADER.replace(LOADED, &format!("\"./{name}_bg."));
    let public = factory.names.iter().map(String::as_str);
    let public: Vec<&str> = public.filter(|name| !PRIVATE.contains(name)).collect();
    let (imports, function) = (&factory.imports, &factory.function);
    ensure!(!public.is_empty(), "the module exports nothing to call");
    let last = ENTRY.replace(NAMES, &public.join(", "));
    Ok(format!(
        "{HEADER}{imports}\
         const __anchorite_load = (() => {{\n{function}{loader}return load;\n}})();\n{last}"
    ))
}

/// wasm-bindgen's types without those of its loader, and ours in their place.
fn declarations(types: &str) -> Result<String> {
    let (types, _) = types
        .split_once("export type InitInput")
        .context("the types have no loader to cut off")?;
    let is_private = |line: &str| {
        let function = line.strip_prefix("export function ");
        function.is_some_and(|it| {
            PRIVATE
                .iter()
                .any(|name| it.starts_with(&format!("{name}(")))
        })
    };
    let kept = types.lines().filter(|line| !is_private(line));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    Ok(format!("{HEADER}{kept}{TYPES}"))
}

const TYPES: &str = "\
/** How to load the module. */
export interface InitOptions {
  /** The build to run; `'auto'`, which is the default, takes JSPI where the browser has it. */
  readonly engine?: 'auto' | 'jspi' | 'asyncify';
  /** The builds, if they do not lie beside this file: absolute URLs, bytes, or compiled. */
  readonly wasm?: {
    readonly jspi?: string | BufferSource | WebAssembly.Module;
    readonly asyncify?: string | BufferSource | WebAssembly.Module;
  };
}
/** Loads and starts the module, once; what else is exported works from then on. */
export default function init(options?: InitOptions): Promise<WebAssembly.Exports>;
/** Another instance, with everything that is exported as its members. */
export function instance(options?: InitOptions): Promise<Record<string, unknown>>;
";

#[cfg(test)]
mod tests {
    use super::*;

    fn factory() -> Factory {
        Factory {
            imports: "import { a } from './snippets/a.js';\n".to_owned(),
            function: "async function instantiate(module, suspending) {}\n".to_owned(),
            names: ["settle", "Note", "main"].map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn the_entry_has_the_names_of_the_application_and_its_files() {
        let entry = entry(&factory(), "notes").expect("a loader");
        assert!(entry.contains("export let Note, main;"), "{entry}");
        assert!(entry.contains("\"./notes_bg.wasm\""), "{entry}");
        assert!(entry.contains("\"./notes_bg.asyncify.wasm\""), "{entry}");
        assert!(!entry.contains(LOADED), "{entry}");
        assert!(entry.contains("export default async function init("));
    }

    #[test]
    fn the_types_are_those_of_the_application() {
        let types = "/** Ends it. */\nexport function end(): void;\n\
             export function settle(ok: boolean): void;\n\
             export type InitInput = string;\nexport default function __wbg_init(): void;\n";
        let types = declarations(types).expect("the expected form");
        assert!(types.contains("export function end(): void;"));
        assert!(!types.contains("settle") && !types.contains("__wbg_init"));
        assert!(types.contains("export default function init("));
    }
}
