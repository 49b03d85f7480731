//! A state backend over HTTP, so that the state outlives a workspace.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[derive(Clone, Default)]
pub struct Backend {
    state: Arc<Mutex<Option<Bytes>>>,
    /// The description of who holds it.
    lock: Arc<Mutex<Option<Bytes>>>,
    /// Refuses to store anything.
    broken: Arc<Mutex<bool>>,
    address: String,
}

impl Backend {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let backend = Backend {
            address,
            ..Backend::default()
        };
        let serving = backend.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let backend = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let backend = backend.clone();
                        async move { Ok::<_, Infallible>(backend.serve(request).await) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        backend
    }

    /// The block that makes Terraform use it.
    pub fn block(&self) -> String {
        format!(
            "terraform {{\n  backend \"http\" {{\n    address = \"{}\"\n  }}\n}}\n",
            self.address
        )
    }

    /// The same with locks.
    pub fn locking_block(&self) -> String {
        let lines = ["address", "lock_address", "unlock_address"];
        let lines = lines.map(|name| format!("    {name} = \"{}\"\n", self.address));
        format!(
            "terraform {{\n  backend \"http\" {{\n{}  }}\n}}\n",
            lines.concat()
        )
    }

    /// The ID of the lock, while there is one.
    pub fn lock(&self) -> Option<String> {
        let lock = self.lock.lock().unwrap();
        let lock: serde_json::Value = serde_json::from_slice(lock.as_ref()?).unwrap();
        Some(lock["ID"].as_str().unwrap().to_owned())
    }

    pub fn state(&self) -> Option<serde_json::Value> {
        self.state
            .lock()
            .unwrap()
            .as_ref()
            .map(|state| serde_json::from_slice(state).unwrap())
    }

    pub fn break_down(&self) {
        *self.broken.lock().unwrap() = true;
    }

    async fn serve(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let method = request.method().clone();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let status = |status| {
            Response::builder()
                .status(status)
                .body(Full::default())
                .unwrap()
        };
        match method.as_str() {
            "GET" => match self.state.lock().unwrap().clone() {
                Some(state) => Response::new(Full::new(state)),
                None => status(404),
            },
            "POST" if *self.broken.lock().unwrap() => status(403),
            "POST" => {
                *self.state.lock().unwrap() = Some(body);
                status(200)
            }
            "LOCK" => {
                let mut lock = self.lock.lock().unwrap();
                match &*lock {
                    Some(held) => Response::builder()
                        .status(423)
                        .body(Full::new(held.clone()))
                        .unwrap(),
                    None => {
                        *lock = Some(body);
                        status(200)
                    }
                }
            }
            "UNLOCK" => {
                *self.lock.lock().unwrap() = None;
                status(200)
            }
            _ => status(405),
        }
    }
}
