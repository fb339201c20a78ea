/** The first position behind which nothing is: doubling, then halving. A log of a million takes some forty questions. */
export async function lastWhere(goesOn: (after: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, 64];
  if (!(await goesOn(0))) return 0;
  while (await goesOn(high)) [low, high] = [high, high * 4];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await goesOn(middle)) low = middle;
    else high = middle;
  }
  return high;
}
