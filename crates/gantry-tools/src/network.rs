use std::path::PathBuf;

use gantry_core::proxy::ProxyAddress;
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy};

use crate::ToolsError;
use crate::http::reason;

/// How the installation reaches the outside.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Of `http://` and `https://` addresses.
    pub http_proxy: Option<ProxyAddress>,
    pub https_proxy: Option<ProxyAddress>,
    /// Hosts that are reached without one, separated by commas.
    pub no_proxy: Option<String>,
    /// Certificates to trust instead of the system's.
    pub ca_bundle: Option<PathBuf>,
}

impl Network {
    /// Of an HTTP client that reaches the outside so, and has neither time limits nor redirects of its
    /// own yet.
    pub fn builder(&self) -> Result<ClientBuilder, ToolsError> {
        let network = self;
        let mut builder = Client::builder()
            .user_agent(concat!("gantry/", env!("CARGO_PKG_VERSION")))
            // Only the configuration names proxies, not the server's own environment.
            .no_proxy();
        let around = || network.no_proxy.as_deref().and_then(NoProxy::from_string);
        // Not even the sentence of an error may show the address of a proxy: a password may stand in it.
        let bad = |which: &str| {
            ToolsError::Network(format!(
                "child.{which} is no address of a proxy: write http://host:port"
            ))
        };
        if let Some(proxy) = &network.http_proxy {
            let proxy = Proxy::http(proxy.expose()).map_err(|_| bad("http_proxy"))?;
            builder = builder.proxy(proxy.no_proxy(around()));
        }
        if let Some(proxy) = &network.https_proxy {
            let proxy = Proxy::https(proxy.expose()).map_err(|_| bad("https_proxy"))?;
            builder = builder.proxy(proxy.no_proxy(around()));
        }
        if let Some(path) = &network.ca_bundle {
            let unusable = |detail: String| {
                ToolsError::Network(format!(
                    "child.ca_bundle {} can't be used: {detail}",
                    path.display()
                ))
            };
            let bundle = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            let certificates =
                Certificate::from_pem_bundle(&bundle).map_err(|error| unusable(reason(error)))?;
            if certificates.is_empty() {
                return Err(unusable("there is no certificate in it".into()));
            }
            builder = builder.tls_certs_only(certificates);
        }
        Ok(builder)
    }
}
