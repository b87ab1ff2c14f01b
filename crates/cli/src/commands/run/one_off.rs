use std::collections::BTreeMap;

use paas_platform::{ConfigVars, DynoCreate};

use crate::{
    context::{AppArgs, Context},
    environment::Environment,
    error::Error,
    printer, terminal,
};

/// What `run` and `run:detached` have in common.
#[derive(Debug, clap::Args)]
pub(super) struct OneOff {
    /// The command and its arguments, for a shell in the dyno
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
    #[command(flatten)]
    app: AppArgs,
    /// Environment variables for this dyno: A=1;B=2, or given several times
    #[arg(short, long, value_name = "KEY=VALUE")]
    env: Vec<String>,
    /// Dyno size
    #[arg(short, long, value_name = "SIZE")]
    size: Option<String>,
    /// Process type of the dyno, for its name and its limits
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
}

impl OneOff {
    /// The app, the command for a shell, and the dyno to ask for.
    pub(super) fn prepare(mut self, context: &Context) -> Result<(String, DynoCreate), Error> {
        if !std::env::args_os().any(|arg| arg == "--") {
            take_trailing_app(&mut self.command, &mut self.app);
        }
        let app = context.app(&self.app)?;
        let command = join(&self.command);
        if command.trim().is_empty() {
            return Err(Error::mistake("There is no command to run.", "for example: paas run bash"));
        }
        let env = ConfigVars(parse_env(&self.env)?);
        Ok((app, DynoCreate { command, env, size: self.size, kind: self.kind, ..DynoCreate::default() }))
    }
}

/// `Running bash on ⬢ app`.
pub(super) fn label(command: &str, app: &str) -> String {
    format!("Running {} on {}", printer::command(command), printer::app(app))
}

/// Tells the dyno's pty what terminal it is shown on.
pub(super) fn describe_terminal(env: &mut BTreeMap<String, String>, environment: &Environment) {
    let mut default = |key: &str, value: String| {
        env.entry(key.to_owned()).or_insert(value);
    };
    default("TERM", environment.term.clone().unwrap_or_else(|| "xterm".to_owned()));
    if let Some((columns, lines)) = terminal::size() {
        default("COLUMNS", columns.to_string());
        default("LINES", lines.to_string());
    }
}

/// `paas run bash -a app`: everything after `bash` belongs to the command, except that people are used to put the app at
/// the very end. Whoever means something else writes `paas run -- ls -a dir`.
fn take_trailing_app(command: &mut Vec<String>, args: &mut AppArgs) {
    let long =
        |text: &str, flag: &str| text.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')).map(str::to_owned);
    match command.as_slice() {
        [_, .., flag, name] if matches!(flag.as_str(), "-a" | "--app") => {
            args.app = Some(name.clone());
            command.truncate(command.len() - 2);
        }
        [_, .., flag, name] if matches!(flag.as_str(), "-r" | "--remote") => {
            args.remote = Some(name.clone());
            command.truncate(command.len() - 2);
        }
        [_, .., last] if long(last, "--app").is_some() => {
            args.app = long(last, "--app");
            command.pop();
        }
        [_, .., last] if long(last, "--remote").is_some() => {
            args.remote = long(last, "--remote");
            command.pop();
        }
        _ => {}
    }
}

/// One argument is a shell's text as it is; of several, those with blanks or quotes get quotes (as Heroku's CLI does), so
/// that `paas run 'echo $PORT'` and `paas run echo '$PORT'` both show the dyno's port.
fn join(args: &[String]) -> String {
    if let [only] = args {
        return only.clone();
    }
    let quoted = |arg: &String| match arg.is_empty() || arg.contains(|c: char| c.is_whitespace() || c == '"') {
        true => format!("\"{}\"", arg.replace('"', "\\\"")),
        false => arg.clone(),
    };
    args.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn parse_env(given: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let pairs = given.iter().flat_map(|text| text.split(';')).filter(|pair| !pair.is_empty());
    let pair = |pair: &str| match pair.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Error::mistake(format!("{pair} is invalid. Must be in the format FOO=bar."), "several: -e 'A=1;B=2'")),
    };
    pairs.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn arguments_are_joined_as_herokus_cli_does() {
        assert_eq!(join(&strings(&["echo $PORT && ls"])), "echo $PORT && ls");
        assert_eq!(join(&strings(&["echo", "a b", "", r#"say "x""#, "$PORT"])), r#"echo "a b" "" "say \"x\"" $PORT"#);
    }

    #[test]
    fn the_app_may_stand_at_the_end() {
        for (given, command, app) in [
            (&["bash", "-a", "demo"][..], &["bash"][..], Some("demo")),
            (&["rails", "c", "--app=demo"], &["rails", "c"], Some("demo")),
            (&["ls", "-a"], &["ls", "-a"], None),
            (&["-a", "demo"], &["-a", "demo"], None),
        ] {
            let (mut words, mut args) = (strings(given), AppArgs::default());
            take_trailing_app(&mut words, &mut args);
            assert_eq!((words, args.app.as_deref()), (strings(command), app));
        }
    }

    #[test]
    fn environment_variables_come_in_both_forms() {
        let env = parse_env(&strings(&["A=1;B=x=y", "C="])).unwrap();
        let want = [("A", "1"), ("B", "x=y"), ("C", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(env, BTreeMap::from(want));
        assert!(parse_env(&strings(&["A"])).is_err());
    }
}
