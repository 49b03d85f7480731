export function Labels({ labels }: { labels: readonly string[] }) {
  if (labels.length === 0) return null
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {labels.map((label) => (
        <span key={label} className="badge label" title={label}>
          <bdi>{label}</bdi>
        </span>
      ))}
    </span>
  )
}
