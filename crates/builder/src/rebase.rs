//! Another run image under a slug that there is: no build, and no layer moves.

use paas_model::{AppId, SlugLayer};

use crate::{Builder, BuilderError};

/// What a slug's image stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Of the stack's run image as the registry has it now: `sha256:…`.
    pub newest: String,
    /// Whether the slug's image stands on another one.
    pub is_outdated: bool,
}

impl Builder {
    /// Compares a release image with what would be made now of the same slug. One that the registry does not have any more is
    /// outdated.
    ///
    /// # Errors
    /// [`BuilderError::NoSuchStack`]; [`BuilderError::NotFound`] when the stack's image is not in the registry yet;
    /// [`BuilderError::Registry`].
    pub async fn base(&self, app: AppId, stack: &str, slug: &[SlugLayer], image: &str) -> Result<Base, BuilderError> {
        let stack = self.stack(stack)?;
        let newest = self.images.stack(&self.registry, stack).await?.digest;
        let is_current = match image.split_once('@') {
            Some((_, digest)) => self.images.is_current(&self.registry, stack, &repository(app), slug, digest).await?,
            None => false,
        };
        Ok(Base { newest, is_outdated: !is_current })
    }

    /// Writes an image of the slug on the stack's run image as it is now, and gives its name, as hosts pull it.
    ///
    /// # Errors
    /// As [`Self::base`]; [`BuilderError::NotFound`] also when the registry does not have the slug any more.
    pub async fn rebase(&self, app: AppId, stack: &str, slug: &[SlugLayer]) -> Result<String, BuilderError> {
        let (stack, repository) = (self.stack(stack)?, repository(app));
        for layer in slug {
            if !self.registry.has_blob(&repository, &layer.digest).await? {
                return Err(BuilderError::NotFound(format!("{repository}@{}", layer.digest)));
            }
        }
        self.images.write(&self.registry, stack, &repository, slug).await
    }
}

fn repository(app: AppId) -> String {
    format!("apps/{app}")
}
