//! Every setting, with its default and its meaning: the one list behind loading, the environment's
//! names and the reference.

pub(super) enum Kind {
    Text,
    Secret,
    Number,
    Flag,
    List,
}

pub(super) struct Key {
    pub path: &'static str,
    pub kind: Kind,
    pub default: &'static str,
    pub doc: &'static str,
}

const fn key(path: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        default,
        doc,
    }
}

pub(super) const KEYS: &[Key] = &[
    key(
        "account",
        Kind::Text,
        "",
        "The account's subdomain, `[a-z0-9][a-z0-9-]{1,37}` without a trailing `-`. Needed at the \
         first start. It begins every external ID, so it never changes.",
    ),
    key(
        "data_dir",
        Kind::Text,
        "gantry-data",
        "Directory for everything Gantry keeps: SQLite, objects, the master key, workspaces. Made \
         with mode 0700.",
    ),
    key(
        "database_url",
        Kind::Secret,
        "",
        "`postgres://…`. Empty: SQLite in the data directory.",
    ),
    key(
        "master_key",
        Kind::Secret,
        "",
        "Base64 of 32 bytes. Empty: the key file. Better given by environment than by file. While the \
         key is changed: the new one, a comma, the present one (docs/operations.md).",
    ),
    key(
        "master_key_file",
        Kind::Text,
        "",
        "File with the master key. Empty: `master.key` in the data directory, made at the first \
         start with mode 0600. Whoever loses it loses every secret and saved plan.",
    ),
    key(
        "objects",
        Kind::Text,
        "",
        "Where logs and plans go. Empty: `objects` in the data directory. `s3://bucket/prefix`: an \
         S3-compatible bucket, with endpoint, region and keys from the server's standard `AWS_*` \
         variables.",
    ),
    key(
        "server.listen",
        Kind::Text,
        "127.0.0.1:7878",
        "Address of the API.",
    ),
    key(
        "server.public_url",
        Kind::Text,
        "",
        "Base URL under which clients and runs reach the API, without a trailing slash. Tokens name \
         it as their audience, and clients take the endpoint from there. Empty: `http://` and the \
         address above.",
    ),
    key(
        "server.threads",
        Kind::Number,
        "2",
        "Threads that serve requests.",
    ),
    key(
        "worker_gateway.listen",
        Kind::Text,
        "",
        "Address that workers elsewhere connect to, such as `0.0.0.0:7879`, over TLS. Empty: none can, \
         and the server has its embedded worker alone.",
    ),
    key(
        "worker_gateway.public_url",
        Kind::Text,
        "",
        "`https://host:port` under which those workers reach that address. The server's certificate \
         is made for this host at each start, and what workers are started with holds it. Empty: \
         `https://` and the address above.",
    ),
    key(
        "log.level",
        Kind::Text,
        "info",
        "`error`, `warn`, `info`, `debug`, `trace`, or directives such as `gantry_app=debug,info`.",
    ),
    key(
        "log.format",
        Kind::Text,
        "text",
        "`text` or `json`, on standard error.",
    ),
    key(
        "sign_on.issuer",
        Kind::Text,
        "",
        "Single sign-on to the console: the OpenID Connect issuer, as it calls itself in its discovery \
         document. Empty: none (docs/sign-on.md).",
    ),
    key(
        "sign_on.client_id",
        Kind::Text,
        "",
        "How the identity provider knows this installation.",
    ),
    key(
        "sign_on.client_secret",
        Kind::Secret,
        "",
        "Its secret there. Empty for a public client. Better given by environment than by file.",
    ),
    key(
        "sign_on.scopes",
        Kind::List,
        "openid,profile,email",
        "What is asked for; many providers give groups only for a scope of that name.",
    ),
    key(
        "sign_on.groups_claim",
        Kind::Text,
        "groups",
        "The claim of the ID token that lists somebody's groups.",
    ),
    key(
        "sign_on.roles",
        Kind::List,
        "",
        "Which groups have which roles: `group=space:role`, with the space's ID and `reader`, `writer` or \
         `admin`; each role holds in the spaces below too. Whoever is in no such group is not let in.",
    ),
    key(
        "sign_on.name",
        Kind::Text,
        "Single sign-on",
        "What the button says.",
    ),
    key(
        "metrics.listen",
        Kind::Text,
        "",
        "Where Prometheus asks (docs/metrics.md): an address such as `127.0.0.1:9464`, or the absolute \
         path of a socket. Empty: nowhere.",
    ),
    key(
        "metrics.token",
        Kind::Secret,
        "",
        "What Prometheus has to know (`Authorization: Bearer …`). Needed on an address.",
    ),
    key(
        "traces.url",
        Kind::Text,
        "",
        "Where each run is sent as a trace when it has ended, by OpenTelemetry's protocol (OTLP over \
         HTTP, JSON), such as `http://127.0.0.1:4318/v1/traces` (docs/operations.md). Empty: nowhere.",
    ),
    key(
        "traces.header",
        Kind::Secret,
        "",
        "A header that the collector wants to see, such as `Authorization: Bearer …`.",
    ),
    key(
        "aws.principal",
        Kind::Text,
        "",
        "ARN that users name in trust policies. Empty: read from `GetCallerIdentity`; an assumed \
         role becomes the root of its account.",
    ),
    key(
        "aws.sts_endpoint",
        Kind::Text,
        "",
        "URL of STS. Empty: `AWS_ENDPOINT_URL_STS` if set, else the endpoint of the integration's \
         region or of the role's partition.",
    ),
    key(
        "source.local_roots",
        Kind::List,
        "",
        "Directories below which a stack's repository may be a local path. Empty: none may.",
    ),
    key(
        "source.template",
        Kind::Text,
        "",
        "Resolves stacks without a source block of their own, such as \
         `https://git.example.com/{namespace}/{repository}.git`.",
    ),
    key(
        "run.time_limit",
        Kind::Number,
        "4200",
        "Seconds that a phase may take.",
    ),
    key(
        "run.silence_limit",
        Kind::Number,
        "420",
        "Seconds that a phase may go without printing anything.",
    ),
    key(
        "run.stop_grace",
        Kind::Number,
        "60",
        "Seconds between the interrupt and the kill of a child that is stopped.",
    ),
    key(
        "run.log_limit",
        Kind::Number,
        "64",
        "MiB that are kept of what a phase prints: its beginning, and the last 256 KiB of it. A phase \
         that prints 16 times as much is ended. 0: no limit.",
    ),
    key(
        "run.disk_limit",
        Kind::Number,
        "8192",
        "MiB that the files of a run may take on its worker's disk, and that one file may be long. \
         0: no limit.",
    ),
    key(
        "run.file_limit",
        Kind::Number,
        "500000",
        "How many files and directories a run may have on its worker's disk. 0: no limit.",
    ),
    key(
        "run.memory_limit",
        Kind::Number,
        "4096",
        "MiB of memory that the processes of a phase may take together, with what they write to \
         `/tmp` and to their home. 0: no limit.",
    ),
    key(
        "run.process_limit",
        Kind::Number,
        "1024",
        "How many processes and threads a phase may have. 0: no limit.",
    ),
    key(
        "run.lease",
        Kind::Number,
        "30",
        "Seconds after which a worker that was not heard of counts as lost.",
    ),
    key(
        "worker.slots",
        Kind::Number,
        "2",
        "Runs that the embedded worker works on at the same time. 0: none, this server has no worker.",
    ),
    key(
        "worker.tools_dir",
        Kind::Text,
        "",
        "Directory with tools as `terraform/1.11.4/terraform` and `opentofu/1.10.0/tofu`. Empty: \
         only what is on PATH or downloaded.",
    ),
    key(
        "worker.tools_mirror_terraform",
        Kind::Text,
        "https://releases.hashicorp.com",
        "Release server that Terraform is downloaded from when neither `tools_dir` nor PATH has a \
         version that fits, or a mirror with the same layout. `off`: nothing is downloaded.",
    ),
    key(
        "worker.tools_mirror_opentofu",
        Kind::Text,
        "https://get.opentofu.org/tofu",
        "The same for OpenTofu: `api.json` below this address says which versions there are, and the \
         files are in `v1.10.0` and so on; those of the default are at the project's GitHub releases.",
    ),
    key(
        "worker.tools_keys",
        Kind::Text,
        "",
        "File with armored OpenPGP public keys whose signatures of releases count. Empty: \
         HashiCorp's; OpenTofu's has to be named here.",
    ),
    key(
        "worker.extra_tools",
        Kind::List,
        "",
        "Further directories with programs for hooks, tasks and `local-exec`, such as \
         `/opt/google-cloud-sdk`. Children see them read-only under the same path; their `bin`, or \
         they themselves, come first on PATH. What the system has under `/usr` is there anyway.",
    ),
    key(
        "worker.provider_mirrors",
        Kind::List,
        "",
        "Where providers come from: `https://…/` for a network mirror, a path for a filesystem \
         mirror. Empty: straight from their registries.",
    ),
    key(
        "worker.provider_cache",
        Kind::Number,
        "4096",
        "MiB that downloaded providers may take on the worker, each kept for later runs of its stack \
         whose commit has it in the dependency lock file. 0: none are kept.",
    ),
    key(
        "worker.insecure_no_sandbox",
        Kind::Flag,
        "false",
        "Run children without isolation. They can then read whatever the worker can. Every run \
         shows it.",
    ),
    key(
        "worker.uid_base",
        Kind::Number,
        "700000",
        "First of the unprivileged user IDs that children run under when the worker is root.",
    ),
    key(
        "worker.join",
        Kind::Secret,
        "",
        "`gantry worker` only: what `gantry admin worker-token` printed. Better given by environment \
         or as a file.",
    ),
    key(
        "worker.join_file",
        Kind::Text,
        "",
        "`gantry worker` only: file with what `gantry admin worker-token` printed.",
    ),
    key(
        "worker.pool_config_file",
        Kind::Text,
        "",
        "`gantry worker` only: file with the `config` of its worker pool.",
    ),
    key(
        "worker.pool_private_key_file",
        Kind::Text,
        "",
        "`gantry worker` only: file with the private key (PEM, without a password) that the pool's \
         certificate was requested with.",
    ),
    key(
        "worker.cgroup",
        Kind::Text,
        "",
        "Control group below which the worker makes one for each child, such as `/gantry`, as it is \
         called in `/proc/self/cgroup`; made when it is missing. Empty: the worker's own. `off`: \
         memory and processes of children are watched, and not held by the kernel.",
    ),
    key(
        "child.http_proxy",
        Kind::Secret,
        "",
        "Proxy for `http` addresses, `http://host:port` or `http://user:password@host:port`: \
         `HTTP_PROXY` of children, and for downloads of tools. A password is shown by no command \
         and masked in the logs of runs.",
    ),
    key(
        "child.https_proxy",
        Kind::Secret,
        "",
        "The same for `https` addresses: `HTTPS_PROXY` of children, for git, and for downloads.",
    ),
    key(
        "child.no_proxy",
        Kind::Text,
        "",
        "Hosts that are reached without a proxy, separated by commas: `NO_PROXY`. The server's own \
         name belongs here where runs reach it directly.",
    ),
    key(
        "child.ca_bundle",
        Kind::Text,
        "",
        "File with certificate authorities (PEM) that children, git and downloads of tools trust. \
         Empty: the system's.",
    ),
];

/// `worker.slots` is `GANTRY_WORKER_SLOTS`.
pub(super) fn variable(path: &str) -> String {
    format!("GANTRY_{}", path.replace('.', "_").to_ascii_uppercase())
}
