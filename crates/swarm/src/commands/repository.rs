//! Which repository a build works on, and what its project is called.

use std::path::{Path, PathBuf};

use swarm_domain::{Problem, ProjectId};

use crate::{
    args::PlaceArgs,
    exit::{Failure, Result},
};

/// The repository that is meant, and the name of its project.
pub(super) fn place(args: &PlaceArgs) -> Result<(String, ProjectId)> {
    let repo = repository(args.repo.as_deref())?;
    let project = match &args.project {
        Some(project) => project.clone(),
        None => project_of(&repo)?,
    };
    Ok((repo, project))
}

/// The repository that was named, else the one around the current folder. Paths become absolute: the server has
/// another current folder.
fn repository(asked: Option<&str>) -> Result<String> {
    let Some(asked) = asked else {
        let here = std::env::current_dir().map_err(|error| Failure::io("find the current folder", error))?;
        let found = around(&here).ok_or_else(|| {
            Failure::usage(Problem::new(
                "cli.no_repository",
                format!("{} is not in a git repository", here.display()),
                "name one with --repo, as a path or URL, or run `git init`",
            ))
        })?;
        return Ok(found.display().to_string());
    };
    if is_address(asked) {
        return Ok(asked.to_owned());
    }
    let path = std::fs::canonicalize(asked).map_err(|error| {
        let detail = format!("the repository {asked} cannot be found: {error}");
        Failure::usage(Problem::new(
            "cli.no_repository",
            detail,
            "name a folder that is a git repository, or a URL",
        ))
    })?;
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::usage(Problem::new(
            "cli.no_repository",
            "the path of the repository is not UTF-8",
            "move or link it to a plainer path",
        ))
    })
}

/// `https://…`, `ssh://…`, and `git@host:path`, which is no path that exists.
fn is_address(text: &str) -> bool {
    text.contains("://") || (text.contains('@') && text.contains(':') && !Path::new(text).exists())
}

fn around(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}

/// The name of a project: the last part of the repository, with a few letters of its hash, so that two repositories
/// called `app` are two projects.
fn project_of(repo: &str) -> Result<ProjectId> {
    let plain = swarm_forge::without_credentials(repo);
    let last = plain.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let name: String = last
        .trim_end_matches(".git")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .take(40)
        .collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "repo" } else { name };
    let hash = swarm_domain::BlobHash::of(plain.as_bytes());
    ProjectId::parse(format!("{name}-{}", &hash.as_str()[..6])).map_err(|error| {
        Failure::usage(Problem::new("cli.project", error.to_string(), "name the project with --project"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_repositories_of_one_name_are_two_projects_and_one_keeps_its_name() {
        let a = project_of("/home/a/app").unwrap();
        assert_eq!(a, project_of("/home/a/app").unwrap());
        assert_ne!(a, project_of("/home/b/app").unwrap());
        assert!(a.as_str().starts_with("app-"));
    }

    #[test]
    fn a_strange_name_still_makes_a_project() {
        for repo in ["https://host/x/../..git", "/tmp/日本", "git@host:me/my repo.git", "/", "/x/-rf"] {
            assert!(project_of(repo).is_ok(), "{repo}");
        }
    }

    #[test]
    fn an_address_is_told_from_a_path() {
        assert!(is_address("https://example.org/a.git") && is_address("git@example.org:a/b.git"));
        assert!(!is_address("../app") && !is_address("/srv/app"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_wrong_usage() {
        let failure = repository(Some("/nowhere/at/all")).unwrap_err();
        assert_eq!(
            (failure.problem.code.as_str(), failure.exit),
            ("cli.no_repository", crate::exit::Exit::Usage)
        );
    }
}
