//! `./dev sim [SEED] [OUT.svg]`: plays a morning of a pool with everything that can go wrong, and draws it.

mod chart;
mod story;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seed = match arguments.next().map(|seed| seed.parse()) {
        None => 1,
        Some(Ok(seed)) => seed,
        Some(Err(_)) => {
            eprintln!("The seed has to be a number, as in ./dev sim 7 out.svg");
            return ExitCode::FAILURE;
        }
    };
    let path = arguments.next().unwrap_or_else(|| "sim.svg".to_owned());
    let run = story::play(seed);
    if let Err(error) = std::fs::write(&path, chart::draw(&run)) {
        eprintln!("{path} cannot be written: {error}");
        return ExitCode::FAILURE;
    }
    println!("seed {seed}: {} plans over {} minutes", run.plans, run.seconds / 60);
    println!("  launched {}, drained {}, terminated {} hosts", run.launches, run.drains, run.terminations);
    println!("  started {} dynos, of these {} because of a host", run.starts, run.moves);
    println!("  cost ${:.2}, ${:.2} if the most hosts had run all the time", run.cost, run.cost_at_most);
    println!("  settled in the end: {}", if run.settled { "yes" } else { "no" });
    println!("  drawn in {path}");
    for violation in &run.violations {
        eprintln!("  violated: {violation}");
    }
    match run.settled && run.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
