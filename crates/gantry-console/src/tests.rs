use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

async fn get(path: &'static str, accept: &'static str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    super::answer(Method::GET, path.parse().unwrap(), headers).await
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_address_is_the_page_and_no_page_may_do_what_it_need_not() {
    for path in ["/", "/stacks/network/runs", "/cloud-integrations?q=x"] {
        let response = get(path, "text/html,*/*").await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(header(&response, "content-type").starts_with("text/html"));
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&response, "x-frame-options"), "DENY");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn what_is_no_page_is_nothing() {
    for (path, accept) in [
        ("/anything", "application/json"),
        ("/assets/gone.js", "text/html"),
        ("/../Cargo.toml", "*/*"),
    ] {
        let response = get(path, accept).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let page = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("text/html"))]);
    let response = super::answer(Method::POST, "/".parse().unwrap(), page).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_is_asked_for_once() {
    let response = get("/robots.txt", "*/*").await;
    assert_eq!(header(&response, "cache-control"), "no-cache");
    let tag = header(&response, "etag");
    let known =
        HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(&tag).unwrap())]);
    let again = super::answer(Method::GET, "/robots.txt".parse().unwrap(), known).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}
