use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};

use crate::{Cli, context::Context, error::Error};

/// Print the completion script for a shell
///
/// bash: eval "$(paas completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc, after compinit; fish: paas completion fish | source
#[derive(Debug, clap::Args)]
pub(crate) struct Completion {
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

impl Completion {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        context.printer.raw(script(&self.shell).as_bytes())
    }
}

/// clap's script, made fit for command names with a colon.
fn script(shell: &str) -> String {
    let mut command = Cli::command();
    let render = |shell, command: &mut Command| {
        let mut bytes = Vec::new();
        generate(shell, command, "paas", &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    match shell {
        // Else bash takes `config:set` for three words.
        "bash" => format!("{}COMP_WORDBREAKS=${{COMP_WORDBREAKS//:}}\n", render(Shell::Bash, &mut command)),
        "zsh" => {
            let script = render(Shell::Zsh, &mut command);
            // `name:description` is how zsh is told of a command; a colon of the name's own needs a backslash.
            let names = command.get_subcommands().map(Command::get_name).filter(|name| name.contains(':'));
            names.fold(script, |script, name| {
                script.replace(&format!("'{name}:"), &format!("'{}:", name.replace(':', r"\:")))
            })
        }
        _ => render(Shell::Fish, &mut command),
    }
}
