/** The mark: a cell of a comb, one of its walls in honey. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden>
      <path d="M12 1.8 20.8 6.9v10.2L12 22.2 3.2 17.1V6.9z" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinejoin="round" />
      <path d="M12 7.2 16.2 9.6v4.8L12 16.8 7.8 14.4V9.6z" fill="var(--mantine-color-honey-4)" />
    </svg>
  );
}
