//! `anchorite-machine STEPS SEED`: the state machine over memory, for `cargo xtask torture`.
//!
//! Prints one line, or the seed and the steps that lead to a wrong answer.
#![expect(
    clippy::print_stdout,
    reason = "a command line tool: its line is its result"
)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let (Some(Ok(steps)), Some(Ok(seed)), None) = (numbers.next(), numbers.next(), numbers.next())
    else {
        println!("usage: anchorite-machine STEPS SEED");
        return ExitCode::FAILURE;
    };
    match anchorite_contract::state_machine_in_memory(steps as usize, u64::from(seed)) {
        Ok(()) => {
            println!("state machine: {steps} steps from seed {seed}, all answers as the model's");
            ExitCode::SUCCESS
        }
        Err(story) => {
            println!("{story}");
            ExitCode::FAILURE
        }
    }
}
