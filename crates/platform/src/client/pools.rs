use reqwest::Method;

use super::{Client, ClientError};
use crate::{Pool, PoolPlan, PoolPlanQuery, PoolUpdate};

/// Groups of hosts that the platform launches and ends by itself. `pool` is a name or an id.
///
/// # Errors
/// Each call: any [`ClientError`]; status 403 for accounts that are not the installation's owner.
impl Client {
    pub async fn pools(&self) -> Result<Vec<Pool>, ClientError> {
        self.list(&["pools"]).await
    }

    pub async fn pool(&self, pool: &str) -> Result<Pool, ClientError> {
        self.get(&["pools", pool]).await
    }

    pub async fn create_pool(&self, body: &PoolUpdate) -> Result<Pool, ClientError> {
        self.call(Method::POST, &["pools"], body).await
    }

    pub async fn update_pool(&self, pool: &str, body: &PoolUpdate) -> Result<Pool, ClientError> {
        self.call(Method::PATCH, &["pools", pool], body).await
    }

    /// The pool as it was.
    pub async fn destroy_pool(&self, pool: &str) -> Result<Pool, ClientError> {
        self.read(self.request(Method::DELETE, &["pools", pool])).await
    }

    /// What it would do now, as if it were changed so.
    pub async fn pool_plan(&self, pool: &str, query: PoolPlanQuery) -> Result<PoolPlan, ClientError> {
        self.read(self.request(Method::GET, &["pools", pool, "plan"]).query(&query)).await
    }
}
