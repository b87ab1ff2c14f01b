//! What routers read: every app and the web dynos it has, and apart from these, as they change less often, the custom host
//! names. Read whole, because it is held whole in memory.

use std::{collections::HashSet, net::SocketAddr};

use paas_model::{AppId, AppName, DynoId, DynoName, DynoState, Hostname, ProcessType};
use sqlx::PgExecutor;

use crate::DbError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub app_id: AppId,
    pub name: AppName,
    pub maintenance: bool,
    /// Something was deployed: the current release has a slug.
    pub has_slug: bool,
    /// How many web dynos the app is scaled to.
    pub web: u32,
    pub dynos: Vec<RouteDyno>,
}

/// A web dyno of the formation that holds its slot: `placed`, `starting`, `up` or `crashed`. Only `up` ones take requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteDyno {
    pub id: DynoId,
    pub name: DynoName,
    pub address: Option<SocketAddr>,
    pub state: DynoState,
}

/// By app, dynos by age. Dynos of hosts that are lost are left out while the app has one that is up elsewhere: they may
/// still serve, if it is only us who cannot reach the host.
pub async fn load(db: impl PgExecutor<'_>) -> Result<Vec<Route>, DbError> {
    let query = sqlx::query_as::<_, Row>(
        "select apps.id as app_id, apps.name, apps.maintenance,
                coalesce(current.has_slug, false) as has_slug, coalesce(formations.quantity, 0) as web,
                dynos.id as dyno_id, dynos.number, dynos.state, dynos.address,
                coalesce(hosts.state = 'lost', false) as is_lost
         from apps
         left join lateral (
             select releases.slug_id is not null as has_slug from releases
             where releases.app_id = apps.id and releases.state = 'succeeded' order by version desc limit 1
         ) current on true
         left join formations on formations.app_id = apps.id and formations.type = 'web'
         left join dynos on dynos.app_id = apps.id and dynos.kind = 'formation' and dynos.type = 'web'
                        and dynos.state in ('placed', 'starting', 'up', 'crashed')
                        and not exists (select 1 from hosts where hosts.id = dynos.host_id
                                        and (hosts.state = 'gone' or hosts.fault = 'machine_gone'))
         left join hosts on hosts.id = dynos.host_id
         order by apps.id, dynos.id",
    );
    let mut routes: Vec<Route> = Vec::new();
    let mut lost = HashSet::new();
    for row in query.fetch_all(db).await? {
        if routes.last().is_none_or(|last| last.app_id != row.app_id) {
            routes.push(Route {
                app_id: row.app_id,
                name: row.name.clone(),
                maintenance: row.maintenance,
                has_slug: row.has_slug,
                web: row.web,
                dynos: Vec::new(),
            });
        }
        let is_lost = row.is_lost;
        if let (Some(route), Some(dyno)) = (routes.last_mut(), row.dyno()) {
            if is_lost {
                lost.insert(dyno.id);
            }
            route.dynos.push(dyno);
        }
    }
    for route in routes.iter_mut().filter(|_| !lost.is_empty()) {
        if route.dynos.iter().any(|dyno| dyno.state == DynoState::Up && !lost.contains(&dyno.id)) {
            route.dynos.retain(|dyno| !lost.contains(&dyno.id));
        }
    }
    Ok(routes)
}

/// Every custom host name, `*.example.com` too, and the app that answers there; by name.
pub async fn domains(db: impl PgExecutor<'_>) -> Result<Vec<(AppId, Hostname)>, DbError> {
    Ok(sqlx::query_as("select app_id, hostname from domains order by hostname").fetch_all(db).await?)
}

/// Web dynos that are being stopped: routers say of each when they have let go of it (`routers::acknowledge`).
///
/// A router reads this before [`load`]: a dyno that is stopping here is in no table that is read afterwards.
pub async fn stopping(db: impl PgExecutor<'_>) -> Result<Vec<DynoId>, DbError> {
    let query = sqlx::query_scalar(
        "select id from dynos where state = 'stopping' and kind = 'formation' and type = 'web' order by id",
    );
    Ok(query.fetch_all(db).await?)
}

#[derive(sqlx::FromRow)]
struct Row {
    app_id: AppId,
    name: AppName,
    maintenance: bool,
    has_slug: bool,
    #[sqlx(try_from = "i32")]
    web: u32,
    // NULL in the one row of an app without dynos.
    dyno_id: Option<DynoId>,
    number: Option<i32>,
    state: Option<String>,
    address: Option<String>,
    is_lost: bool,
}

impl Row {
    fn dyno(self) -> Option<RouteDyno> {
        Some(RouteDyno {
            id: self.dyno_id?,
            name: DynoName { kind: ProcessType::web(), number: u32::try_from(self.number?).ok()? },
            address: self.address.and_then(|address| address.parse().ok()),
            state: self.state?.parse().ok()?,
        })
    }
}
