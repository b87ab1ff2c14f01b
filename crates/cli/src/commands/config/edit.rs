use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    process::Command,
};

use paas_platform::ConfigVarsUpdate;

use crate::{
    commands::releases::latest,
    context::{AppArgs, Context},
    error::Error,
    printer, shell,
};

/// Edit config vars in $VISUAL or $EDITOR, and restart the app with them
#[derive(Debug, clap::Args)]
pub(crate) struct Edit {
    /// Edit the value of this one alone
    #[arg(value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

type Vars = BTreeMap<String, String>;

impl Edit {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let action = context.printer.action("Fetching config");
        let before = client.config_vars(&app).await?.0;
        action.done();
        let editor = context.environment.editor.as_deref().unwrap_or("vi");
        let after = match &self.key {
            Some(key) => edit_one(editor, key, &before)?,
            None => edit_all(editor, &before)?,
        };
        let change = difference(&before, &after);
        if change.is_empty() {
            context.printer.note("no changes to config");
            return Ok(());
        }
        for (key, value) in &change {
            let sign = if value.is_some() { "+" } else { "-" };
            context.printer.note(format!("{sign} {key}"));
        }
        // Only what was edited is sent, but a variable that someone else changed meanwhile must not be lost unseen.
        let action = context.printer.action("Verifying new config");
        let now = client.config_vars(&app).await?.0;
        if change.keys().any(|key| now.get(key) != before.get(key)) {
            drop(action);
            return Err(Error::mistake(
                "Config changed while editing. Aborted.",
                "look at `paas config` and edit again",
            ));
        }
        action.done();
        let action = context.printer.action(format!("Updating config and restarting {}", printer::app(&app)));
        client.update_config_vars(&app, &ConfigVarsUpdate(change)).await?;
        match latest(client, &app).await? {
            Some(release) => action.done_with(format!("v{}", release.version)),
            None => action.done(),
        }
        Ok(())
    }
}

fn edit_all(editor: &str, before: &Vars) -> Result<Vars, Error> {
    let text: String = before.iter().map(|(key, value)| format!("{key}={}\n", shell::quote(value))).collect();
    let edited = edit(editor, &text)?;
    let vars = shell::parse_assignments(&edited).map_err(|(line, what)| {
        Error::mistake(format!("Line {line} of the config is wrong: {what}."), "nothing was changed; edit again")
    })?;
    Ok(vars.into_iter().collect())
}

/// The file is the value itself; editors put a newline at its end.
fn edit_one(editor: &str, key: &str, before: &Vars) -> Result<Vars, Error> {
    let value = before.get(key).map_or("", String::as_str);
    let edited = edit(editor, &format!("{value}\n"))?;
    let edited = edited.strip_suffix('\n').unwrap_or(&edited);
    let mut after = before.clone();
    if !edited.is_empty() || before.contains_key(key) {
        after.insert(key.to_owned(), edited.to_owned());
    }
    Ok(after)
}

/// Lets the editor loose on a file that only its owner can read, and that is gone afterwards.
fn edit(editor: &str, text: &str) -> Result<String, Error> {
    // tempfile makes files of mode 0600.
    let mut file = tempfile::Builder::new().prefix("paas-config-").suffix(".env").tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let fail = |source| Error::Program { program: editor.to_owned(), source };
    // Through a shell: EDITOR may hold arguments. The path is an argument of its own, never part of the command's text.
    let ran = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(file.path()).status();
    let status = ran.map_err(fail)?;
    if !status.success() {
        return Err(Error::mistake(format!("{editor} ended with {status}. Nothing was changed."), "set EDITOR"));
    }
    // By path: many editors write a new file in place of the old one.
    let bytes = fs::read(file.path()).map_err(|source| Error::File { path: file.path().to_owned(), source })?;
    String::from_utf8(bytes)
        .map_err(|error| Error::Output(io::Error::new(io::ErrorKind::InvalidData, error.utf8_error())))
}

fn difference(before: &Vars, after: &Vars) -> BTreeMap<String, Option<String>> {
    let set = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    let set = set.map(|(key, value)| (key.clone(), Some(value.clone())));
    set.chain(removed.map(|key| (key.clone(), None))).collect()
}
