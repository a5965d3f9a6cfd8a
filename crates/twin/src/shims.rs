//! Finds wasm-bindgen's shims around JavaScript values, which Asyncify must leave as they are.
//!
//! Used by `lib.rs`. Binaryen cannot save a reference across a suspension, and need not: a
//! function that holds one is a shim that wasm-bindgen put around an import of JavaScript (which
//! does not suspend, unlike the one raw import) or around a synchronous export (which must not,
//! see `vfs/src/suspend.rs`).

use anyhow::{Context, Result, ensure};
use walrus::ir::{Call, Visitor, dfs_in_order};
use walrus::{Function, FunctionId, FunctionKind, LocalId, Module, ValType};

/// The shims as Binaryen names functions without names, joined by commas: defined functions are
/// counted from 0, after the imported ones.
pub(crate) fn list(wasm: &[u8]) -> Result<String> {
    let module = checked(wasm)?;
    let imported = module.funcs.iter().filter(|it| is_imported(it)).count();
    let shims: Vec<String> = module
        .funcs
        .iter()
        .filter(|function| holds_a_reference(&module, function))
        .map(|function| (function.id().index() - imported).to_string())
        .collect();
    Ok(shims.join(","))
}

/// Refuses a module that nothing suspends in, or that no twin can be made of.
pub(crate) fn check(wasm: &[u8]) -> Result<()> {
    checked(wasm).map(drop)
}

/// What the loader calls: the promising export, and the allocator for the frames of the twin.
const NEEDED: [&str; 2] = ["anchorite_run", "__wbindgen_malloc"];

fn checked(wasm: &[u8]) -> Result<Module> {
    let module = Module::from_buffer(wasm).context("parsing wasm-bindgen's output")?;
    let imported = module
        .imports
        .iter()
        .any(|import| format!("{}.{}", import.module, import.name) == crate::SUSPENDING_IMPORT);
    ensure!(
        imported,
        "the module does not import {}: it uses nothing of `anchorite` that suspends, and needs no \
         twin",
        crate::SUSPENDING_IMPORT
    );
    for name in NEEDED {
        let exported = module.exports.iter().any(|export| export.name == name);
        ensure!(exported, "the module does not export {name}");
    }
    for memory in module.memories.iter() {
        ensure!(
            !memory.shared && !memory.memory64,
            "no twin can be made of a module with threads or 64-bit memory"
        );
    }
    Ok(module)
}

fn is_imported(function: &Function) -> bool {
    matches!(function.kind, FunctionKind::Import(_))
}

fn holds_a_reference(module: &Module, function: &Function) -> bool {
    let FunctionKind::Local(local) = &function.kind else {
        return false;
    };
    let mut search = Search {
        module,
        found: mentions_a_reference(module, function.id()),
    };
    dfs_in_order(&mut search, local, local.entry_block());
    search.found
}

fn mentions_a_reference(module: &Module, function: FunctionId) -> bool {
    let signature = module.types.get(module.funcs.get(function).ty());
    signature
        .params()
        .iter()
        .chain(signature.results())
        .any(is_reference)
}

fn is_reference(value_type: &ValType) -> bool {
    matches!(value_type, ValType::Ref(_))
}

/// Looks for locals that are references, and for calls that pass or return one.
struct Search<'module> {
    module: &'module Module,
    found: bool,
}

impl Visitor<'_> for Search<'_> {
    fn visit_local_id(&mut self, local: &LocalId) {
        self.found |= is_reference(&self.module.locals.get(*local).ty());
    }

    fn visit_call(&mut self, call: &Call) {
        self.found |= mentions_a_reference(self.module, call.func);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with these parts, as walrus writes it.
    fn module(import: bool, exports: &[&str], shared: bool) -> Vec<u8> {
        let mut module = Module::default();
        let kind = module.types.add(&[], &[]);
        if import {
            module.add_import_func("anchorite", "anchorite_wait", kind);
        }
        let mut body = walrus::FunctionBuilder::new(&mut module.types, &[], &[]);
        body.func_body();
        let function = body.finish(vec![], &mut module.funcs);
        for name in exports {
            module.exports.add(name, function);
        }
        module.memories.add_local(shared, false, 1, Some(2), None);
        module.emit_wasm()
    }

    fn refusal(wasm: &[u8]) -> String {
        check(wasm).expect_err("refused").to_string()
    }

    #[test]
    fn a_module_that_can_be_twinned_is_taken() {
        let wasm = module(true, &NEEDED, false);
        assert_eq!(list(&wasm).expect("taken"), "");
    }

    #[test]
    fn refusals_say_what_is_missing() {
        let silent = refusal(&module(false, &NEEDED, false));
        assert!(silent.contains("needs no twin"), "{silent}");
        let unlinked = refusal(&module(true, &["__wbindgen_malloc"], false));
        assert!(unlinked.contains("anchorite_run"), "{unlinked}");
        let threads = refusal(&module(true, &NEEDED, true));
        assert!(threads.contains("threads"), "{threads}");
        assert!(refusal(b"nothing").contains("parsing"));
    }
}
