//! The images that builds and dynos run on, made at the first start: on this machine's engine or, where this machine is
//! no host, on any host that is ready.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use paas_builder::{Registry, StackConfig, ensure_stacks};
use paas_control::Control;
use paas_db::{hosts, slugs};
use paas_hosts::{Engine, HostEndpoint};
use paas_model::HostState;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::progress;

const RETRY_EVERY: Duration = Duration::from_secs(10);
/// Said where there are apps, which stand on what was there before.
const REBASE: &str =
    "Apps go on with the image that they were released on; `paas stacks:rebase --all` puts them on this one";
/// Lines that wait to be printed.
const LINES: usize = 64;

/// What it takes to make them.
#[derive(Debug, Clone)]
pub(crate) struct StackImages {
    pub(crate) control: Control,
    /// This machine's engine; `None`: any host's.
    pub(crate) local: Option<HostEndpoint>,
    pub(crate) registry: Registry,
    pub(crate) stacks: Vec<StackConfig>,
}

impl StackImages {
    /// Makes or pulls what is missing, once; nothing happens when all is there. Until it succeeds, builds wait.
    ///
    /// # Errors
    /// No engine answers, or one cannot make them; [`StackImages::keep_trying`] is due.
    pub(crate) async fn provide(&self) -> Result<()> {
        let (lines, mut printed) = mpsc::channel(LINES);
        let print = async {
            while let Some(line) = printed.recv().await {
                progress::line(format_args!("       {line}"));
            }
        };
        tokio::join!(self.make(lines), print).0
    }

    /// Tries until it succeeds or `stop`, and says what is in its way once.
    pub(crate) async fn keep_trying(self, stop: CancellationToken) {
        let again = async {
            let mut said = String::new();
            while let Err(error) = self.provide().await {
                let error = format!("{error:#}");
                if error != said {
                    tracing::warn!(error, "the stack images cannot be made; builds wait for them");
                    said = error;
                }
                sleep(RETRY_EVERY).await;
            }
            tracing::info!("the stack images are ready");
        };
        if stop.run_until_cancelled(again).await.is_some() {
            stop.cancelled().await;
        }
    }

    async fn make(&self, lines: mpsc::Sender<String>) -> Result<()> {
        let engine = self.engine().await?;
        let is_newer = ensure_stacks(&*engine, &self.registry, &self.stacks, lines.clone()).await?;
        if is_newer && !slugs::apps_with_kept(self.control.db.pool(), None, 1).await?.is_empty() {
            lines.send(REBASE.to_owned()).await.ok();
        }
        Ok(())
    }

    async fn engine(&self) -> Result<Arc<dyn Engine>> {
        let endpoint = match &self.local {
            Some(local) => local.clone(),
            None => {
                let hosts = hosts::list(self.control.db.pool()).await?;
                let mut ready = hosts.into_iter().filter(|host| host.state == HostState::Ready);
                let endpoint = ready.find_map(|host| match host.endpoint?.parse() {
                    // Another machine's socket.
                    Ok(HostEndpoint::Unix(_)) | Err(_) => None,
                    Ok(endpoint) => Some(endpoint),
                });
                endpoint.context("no host is ready to make them on; `paas hosts:add` says how to add one")?
            }
        };
        Ok(self.control.engines.engine(&endpoint)?)
    }
}
