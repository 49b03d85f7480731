/** `+3 ~1 −0`, in words for whoever can't see it. */
export function Delta({ delta }: { delta: { addCount: number; changeCount: number; deleteCount: number } }) {
  const words = `${delta.addCount} to add, ${delta.changeCount} to change, ${delta.deleteCount} to delete`
  return (
    <span className="delta mono" title={words} role="img" aria-label={words}>
      <span className={delta.addCount ? 'add' : 'dim'}>+{delta.addCount}</span> <span className={delta.changeCount ? 'change' : 'dim'}>~{delta.changeCount}</span>{' '}
      <span className={delta.deleteCount ? 'delete' : 'dim'}>−{delta.deleteCount}</span>
    </span>
  )
}
