//! Public SSH keys.

use std::{fs, path::PathBuf};

use paas_platform::Key;

use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// List your SSH keys
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Print whole keys
    #[arg(short, long)]
    long: bool,
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let keys = context.client()?.keys().await?;
        if self.json.json {
            return context.printer.json(&keys);
        }
        if keys.is_empty() {
            context.printer.note("You have no SSH keys.");
            return Ok(());
        }
        let line = |key: &Key| match self.long {
            true => key.public_key.clone(),
            false => format!("{} {}", key.fingerprint, key.comment),
        };
        keys.iter().try_for_each(|key| context.printer.line(line(key)))
    }
}

/// Add a public SSH key
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// File with the public key
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Add {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let text = fs::read_to_string(&self.file).map_err(|source| Error::File { path: self.file.clone(), source })?;
        if text.contains("PRIVATE KEY") {
            return Err(Error::mistake(
                format!("{} is a private key, and stays here.", self.file.display()),
                "give the file that ends in .pub",
            ));
        }
        let action = context.printer.action(format!("Uploading {}", self.file.display()));
        context.client()?.add_key(text.trim()).await?;
        action.done();
        Ok(())
    }
}

/// Remove an SSH key
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// The key's comment, or its fingerprint
    #[arg(value_name = "KEY")]
    key: String,
}

impl Remove {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let client = context.client()?;
        let keys = client.keys().await?;
        let found: Vec<_> = keys.iter().filter(|key| key.comment == self.key || key.fingerprint == self.key).collect();
        if found.is_empty() {
            return Err(Error::mistake(format!("You have no key {}.", self.key), "`paas keys` lists them"));
        }
        let action = context.printer.action(format!("Removing {}", self.key));
        for key in found {
            client.remove_key(&key.id.to_string()).await?;
        }
        action.done();
        Ok(())
    }
}

/// Remove all of your SSH keys
#[derive(Debug, clap::Args)]
pub(crate) struct Clear {}

impl Clear {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let action = context.printer.action("Removing all SSH keys");
        let client = context.client()?;
        for key in client.keys().await? {
            client.remove_key(&key.id.to_string()).await?;
        }
        action.done();
        Ok(())
    }
}
