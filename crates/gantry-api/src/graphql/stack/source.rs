use std::sync::Arc;

use async_graphql::{Enum, Object, Result};
use gantry_app::OpError;
use gantry_core::stack::Stack;

use crate::error;
use crate::graphql::commit::Commit;

/// A part of `Stack`: where the code comes from.
pub struct StackSource(pub Arc<Stack>);

#[Object]
impl StackSource {
    async fn provider(&self) -> Result<VcsProvider> {
        let stored = &self.0.settings.source.provider;
        VcsProvider::parse(stored).ok_or_else(|| {
            error::graphql(OpError::internal(
                "read a stack",
                format!("unknown provider {stored}"),
            ))
        })
    }

    async fn namespace(&self) -> &str {
        &self.0.settings.source.namespace
    }

    async fn repository(&self) -> &str {
        &self.0.settings.source.repository
    }

    #[graphql(name = "repositoryURL")]
    async fn repository_url(&self) -> Option<&str> {
        self.0.settings.source.repository_url.as_deref()
    }

    async fn branch(&self) -> &str {
        &self.0.settings.source.branch
    }

    async fn project_root(&self) -> Option<&str> {
        self.0.settings.source.project_root.as_deref()
    }

    async fn additional_project_globs(&self) -> &[String] {
        &self.0.settings.source.project_globs
    }

    async fn git_sparse_checkout_paths(&self) -> &[String] {
        &self.0.settings.source.sparse_paths
    }

    /// The commit that somebody pinned the stack to, or else the newest of its branch that a run has
    /// seen.
    async fn tracked_commit(&self) -> Option<Commit> {
        self.0.tracked_commit.clone().map(Commit)
    }

    /// Null while the stack follows its branch.
    async fn tracked_commit_set_by(&self) -> Option<&str> {
        self.0.tracked_commit_set_by.as_deref()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "VCSProvider")]
pub enum VcsProvider {
    AzureDevops,
    BitbucketCloud,
    BitbucketDatacenter,
    Git,
    Github,
    GithubEnterprise,
    Gitlab,
    Showcase,
    Spacelift,
}

impl VcsProvider {
    const ALL: [VcsProvider; 9] = [
        VcsProvider::AzureDevops,
        VcsProvider::BitbucketCloud,
        VcsProvider::BitbucketDatacenter,
        VcsProvider::Git,
        VcsProvider::Github,
        VcsProvider::GithubEnterprise,
        VcsProvider::Gitlab,
        VcsProvider::Showcase,
        VcsProvider::Spacelift,
    ];

    /// The name on the wire is the one in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            VcsProvider::AzureDevops => "AZURE_DEVOPS",
            VcsProvider::BitbucketCloud => "BITBUCKET_CLOUD",
            VcsProvider::BitbucketDatacenter => "BITBUCKET_DATACENTER",
            VcsProvider::Git => "GIT",
            VcsProvider::Github => "GITHUB",
            VcsProvider::GithubEnterprise => "GITHUB_ENTERPRISE",
            VcsProvider::Gitlab => "GITLAB",
            VcsProvider::Showcase => "SHOWCASE",
            VcsProvider::Spacelift => "SPACELIFT",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}
