//! The real platform behind a push.

use std::{net::IpAddr, sync::Arc, time::Instant};

use async_trait::async_trait;
use futures::StreamExt;
use paas_control::{
    Account, App, Control, OpError, ops,
    ops::audit::{self, Attempt, AuditEnd},
};
use paas_model::{
    AppId, AppName, AuditEventId, BuildId, BuildState, Permission, ProcessType, ReleaseId, ReleaseState, Scope,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{BuildResult, Platform, PushTarget, PushedCommit, Refusal, SourceStream, TextStream, Visit};

#[async_trait]
impl Platform for Control {
    async fn app(&self, token: &SecretString, name: &AppName, visit: &Visit) -> Result<Arc<dyn PushTarget>, Refusal> {
        let login = ops::accounts::authenticate(self, token).await?.ok_or(Refusal::UnknownToken)?;
        let may_push = login.has_any(&[Scope::Global, Scope::Write, Scope::WriteProtected]);
        let account = login.account;
        let from = visit.peer.map(|peer| self.settings.trusted_proxies.client(peer, &visit.forwarded_for));
        let pusher = Pusher { account, token: token.clone(), from };
        let found = match may_push {
            true => ops::apps::find(self, &pusher.account, name.as_str(), &[Permission::Deploy]).await,
            false => {
                Err(OpError::Forbidden("This token may not be used to push. It needs the scope write.".to_owned()))
            }
        };
        if visit.pushes
            && let Err(OpError::Forbidden(_)) = &found
        {
            let app = ops::apps::look_up(self, name.as_str()).await.ok();
            audit::record_once_a_minute(self, pusher.attempt(app.as_ref(), &json!({})), FORBIDDEN).await;
        }
        Ok(Arc::new(ControlTarget { control: self.clone(), pusher, app: found? }))
    }
}

/// The status of pushes that are refused in audit events, and of those that git answers itself.
const FORBIDDEN: u16 = 403;
const ANSWERED: u16 = 200;

#[derive(Debug)]
struct ControlTarget {
    control: Control,
    pusher: Pusher,
    app: App,
}

#[derive(Debug)]
struct Pusher {
    account: Account,
    token: SecretString,
    from: Option<IpAddr>,
}

impl Pusher {
    fn attempt<'a>(&'a self, app: Option<&'a App>, detail: &'a Value) -> Attempt<'a> {
        Attempt {
            account: Some(&self.account),
            token: Some(&self.token),
            action: "git.push",
            app,
            method: "POST",
            path: "/{app}.git/git-receive-pack",
            remote_address: self.from,
            request_id: None,
            detail,
        }
    }
}

#[async_trait]
impl PushTarget for ControlTarget {
    fn id(&self) -> AppId {
        self.app.id
    }

    fn name(&self) -> &AppName {
        &self.app.name
    }

    async fn begin_push(&self) -> Result<AuditEventId, Refusal> {
        Ok(audit::begin(&self.control, self.pusher.attempt(Some(&self.app), &json!({}))).await?)
    }

    async fn end_push(&self, event: AuditEventId, deployed: Option<&str>) {
        let detail = json!({ "deployed": deployed });
        audit::end(&self.control, event, AuditEnd { status: ANSWERED, app: None, detail }).await;
    }

    async fn start_build(
        &self,
        commit: &PushedCommit,
        source: SourceStream,
        since: Instant,
    ) -> Result<BuildId, Refusal> {
        let source = ops::sources::receive(&self.control, &self.pusher.account, source).await?;
        let new = ops::builds::NewBuild {
            source: ops::sources::Given::Here(source),
            version: Some(commit.id.clone()),
            version_description: Some(commit.summary.clone()),
            buildpacks: None,
            receive: Some(since.elapsed()),
        };
        Ok(ops::builds::create(&self.control, &self.pusher.account, &self.app, new).await?.id)
    }

    async fn must_wait(&self, build: BuildId) -> Result<bool, Refusal> {
        let builds = ops::builds::list(&self.control, &self.app).await?;
        Ok(builds.iter().any(|other| other.id < build && !other.state.is_final()))
    }

    fn build_output(&self, build: BuildId) -> TextStream {
        ops::builds::follow(&self.control, build).map(|text| text.map_err(Refusal::from)).boxed()
    }

    async fn build_result(&self, build: BuildId) -> Result<BuildResult, Refusal> {
        let ended = ops::builds::wait(&self.control, build).await?;
        if ended.state != BuildState::Succeeded {
            let builds = ops::builds::list(&self.control, &self.app).await?;
            let built_before = builds.iter().any(|other| other.id < build && other.version == ended.version);
            return Ok(BuildResult::Failed { built_before });
        }
        // Not the release's state: a quick command may have ended by now, and is to be shown all the same.
        let has_phase = match ended.slug_id {
            Some(slug) => {
                let slug = ops::slugs::by_id(&self.control, slug).await?;
                slug.process_types.contains_key(&ProcessType::release())
            }
            None => false,
        };
        Ok(BuildResult::Succeeded { release_phase: ended.release_id.filter(|_| has_phase) })
    }

    fn release_output(&self, release: ReleaseId) -> TextStream {
        ops::releases::follow_phase(&self.control, release).map(|text| text.map_err(Refusal::from)).boxed()
    }

    async fn release_succeeded(&self, release: ReleaseId) -> Result<bool, Refusal> {
        Ok(ops::releases::wait(&self.control, release).await?.state == ReleaseState::Succeeded)
    }

    async fn set_repository_size(&self, bytes: u64) -> Result<(), Refusal> {
        Ok(ops::apps::set_repo_size(&self.control, self.app.id, bytes).await?)
    }
}

impl From<OpError> for Refusal {
    fn from(error: OpError) -> Self {
        let message = error.to_string();
        match error {
            OpError::NotFound { resource: "app", .. } => Self::NoSuchApp,
            OpError::NotFound { .. } | OpError::Invalid(_) | OpError::Conflict(_) => Self::Invalid(message),
            OpError::Forbidden(_) | OpError::Unauthorized(_) | OpError::TwoFactor | OpError::RateLimited(_) => {
                Self::Forbidden(message)
            }
            OpError::Unavailable(_, source) => Self::Unavailable { message, source },
            OpError::Internal(source) => Self::Internal(source),
        }
    }
}
