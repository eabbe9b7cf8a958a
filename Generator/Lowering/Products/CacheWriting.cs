using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>
/// Lets what computes new keys and values write them where a cache keeps them.
/// <para>Before: <c>k = rotary(…); append(k → cache); y = attention(q, cache)</c>. After: <c>rotary(…) → cache; y = attention(q, cache)</c>.</para>
/// Only where nothing else reads them. The places behind the tokens of a cache are read by nobody before the attention, and count as tokens only when the run has succeeded.
/// </summary>
internal static class CacheWriting
{
    public static void Run(LoweredModel model)
    {
        List<Kernel> kernels = model.Kernels;
        for (int index = 0; index < kernels.Count; index++)
        {
            if (kernels[index] is { Append: { } append, Owner: null } && FindProducer(model, index, append) is var producer and >= 0
                && kernels[producer].Redirect?.Invoke(append) is { } redirected)
            {
                kernels[producer] = redirected;
                kernels.RemoveAt(index);
                index--;
            }
        }
    }

    /// <summary>The kernel that alone writes what is copied, if what it writes there is read by the copy only; -1 where there is none.</summary>
    private static int FindProducer(LoweredModel model, int copy, CacheAppend append)
    {
        MemoryBuffer buffer = append.Source.Buffer;
        if (model.Outputs.Any(output => output?.Buffer == buffer))
        {
            return -1;
        }

        int producer = -1;
        for (int index = 0; index < model.Kernels.Count; index++)
        {
            Kernel kernel = model.Kernels[index];
            if (kernel.Writes.Any(view => view.Buffer == buffer))
            {
                if (producer >= 0 || index > copy || kernel.Owner is not null)
                {
                    return -1;
                }

                producer = index;
            }
        }

        return producer >= 0 && model.Kernels.Where((_, index) => index != copy).SelectMany(kernel => kernel.Reads)
            .All(view => view.Buffer != buffer || AreApart(view, append.Source, model.Kernels[producer])) ? producer : -1;
    }

    /// <summary>Whether two views of a product's rows are of different columns.</summary>
    private static bool AreApart(View left, View right, Kernel producer) =>
        producer.Product is { Parts: [var part] }
        && Columns(left, part) is var (begin, end) && Columns(right, part) is var (otherBegin, otherEnd)
        && (end <= otherBegin || otherEnd <= begin);

    /// <summary>The columns of a product that a view shows; null where it does not show whole rows' pieces.</summary>
    private static (long Begin, long End)? Columns(View view, ProductPart part)
    {
        if (!part.Output.IsContiguous || (view.Offset - part.Output.Offset).Value is not { } begin || begin < 0)
        {
            return null;
        }

        long extent = 1;
        for (int axis = 0; axis < view.Rank; axis++)
        {
            Dimension stride = view.Strides[axis];
            if (view.Shape[axis].Value == 1 || stride == Dimension.Zero || Dimension.FloorDivide(stride, part.Columns) * part.Columns == stride)
            {
                continue;
            }

            if (stride.Value is not { } step || step < 0 || view.Shape[axis].Value is not { } size)
            {
                return null;
            }

            extent += (size - 1) * step;
        }

        return begin + extent <= part.Columns ? (begin, begin + extent) : null;
    }
}
