/**
 * Whether the browser makes a field as high as what stands in it by a rule of its styles (`field-sizing`). Where it does not, Mantine
 * measures the field, and the whole page is laid out twice each time.
 */
export const grows = CSS.supports("field-sizing", "content");
