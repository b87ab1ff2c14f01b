use paas_control::ops::collaborators::Member;
use paas_db::{apps::App, collaborators};
use paas_model::{AccountId, Permission, Permissions};
use paas_platform as wire;

use super::{app_reference, named};

pub(crate) fn member(app: &App, member: &Member) -> wire::Collaborator {
    match member {
        Member::Owner => owner(app),
        Member::Collaborator(one) => collaborator(app, one),
    }
}

pub(crate) fn collaborator(app: &App, one: &collaborators::Collaborator) -> wire::Collaborator {
    wire::Collaborator {
        app: app_reference(app),
        created_at: one.created_at.into(),
        id: one.id.uuid(),
        permissions: permissions(&one.permissions),
        role: Some("collaborator".to_owned()),
        updated_at: one.updated_at.into(),
        user: user(one.account_id, &one.email),
    }
}

fn owner(app: &App) -> wire::Collaborator {
    wire::Collaborator {
        app: app_reference(app),
        created_at: app.created_at.into(),
        id: named("collaborator", &format!("{} {}", app.id, app.owner_id)).id,
        permissions: permissions(&Permissions::all()),
        role: Some("owner".to_owned()),
        updated_at: app.created_at.into(),
        user: user(app.owner_id, &app.owner_email),
    }
}

fn user(id: AccountId, email: &str) -> wire::CollaboratorUser {
    wire::CollaboratorUser { email: email.to_owned(), federated: false, id: id.uuid() }
}

fn permissions(permissions: &Permissions) -> Vec<wire::AppPermission> {
    let shown = |permission: Permission| wire::AppPermission {
        description: description(permission).to_owned(),
        name: permission.to_string(),
    };
    permissions.iter().map(shown).collect()
}

const fn description(permission: Permission) -> &'static str {
    match permission {
        Permission::View => "Can see the app, its dynos, releases and logs.",
        Permission::Deploy => "Can push code, roll back, run commands, and see and change config vars.",
        Permission::Operate => "Can scale, restart, see and change config vars, domains and log drains.",
        Permission::Manage => "Can rename, transfer and delete the app, and say who else may do what.",
    }
}
