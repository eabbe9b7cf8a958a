using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Products of float32 activations with weights of 4, 8 or 16 bits, with a fused epilogue.</summary>
public static unsafe class NarrowMatrixMultiply
{
    /// <summary>
    /// C[m, n] = epilogue(A[m, k] · W[k, n]), computed in float32: weights are widened in registers for a few rows, and a part at a time into the cache for many.
    /// </summary>
    /// <typeparam name="TFormat">Format of the weights.</typeparam>
    /// <typeparam name="TLeft">float, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <typeparam name="TOutput">float, <see cref="Half"/>, <see cref="BFloat16"/>, or byte, sbyte, short or ushort where the epilogue gives whole numbers.</typeparam>
    /// <typeparam name="TEpilogue">What is done to each sum before it is stored.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="a">Left operand, rows of k contiguous elements.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="weights">The right operand.</param>
    /// <param name="c">Output, rows of n contiguous elements; must not overlap A. Not used where the epilogue stores.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="epilogue">The epilogue.</param>
    /// <exception cref="ArgumentException"><paramref name="weights"/> is not consistent.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="TLeft"/> is another type.</exception>
    public static void Packed<TFormat, TLeft, TOutput, TEpilogue>(Workers workers, TLeft* a, nint lda, in NarrowMatrix weights, TOutput* c, nint ldc, nint m, TEpilogue epilogue)
        where TFormat : struct, INarrowFormat
        where TLeft : unmanaged
        where TOutput : unmanaged
        where TEpilogue : struct, IEpilogue
    {
        NarrowProduct<TLeft, TOutput, TEpilogue> product = Create<TFormat, TLeft, TOutput, TEpilogue>(workers, a, lda, weights, c, ldc, m, epilogue);
        workers.RunItems(new NarrowProductWork<TFormat, TLeft, TOutput, TEpilogue>(product), product.Partition.Items, product.Partition.Threads);
    }

    /// <summary>
    /// C[m, n] = epilogue(A[m, k] · W[k, n]) with rows of A quantised to int8 on the fly, a block of at most 32 elements at a time, and integer products: a relative error of up to 1/254 of
    /// the largest activation of the block for each element, and several times the speed for many rows. For 16-bit weights the same as <see cref="Packed"/>.
    /// </summary>
    /// <typeparam name="TFormat">Format of the weights.</typeparam>
    /// <typeparam name="TLeft">float, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <typeparam name="TOutput">float, <see cref="Half"/>, <see cref="BFloat16"/>, or byte, sbyte, short or ushort where the epilogue gives whole numbers.</typeparam>
    /// <typeparam name="TEpilogue">What is done to each sum before it is stored.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="a">Left operand, rows of k contiguous elements.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="weights">The right operand.</param>
    /// <param name="c">Output, rows of n contiguous elements; must not overlap A. Not used where the epilogue stores.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="epilogue">The epilogue.</param>
    /// <exception cref="ArgumentException"><paramref name="weights"/> is not consistent.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="TLeft"/> is another type.</exception>
    public static void PackedDynamic<TFormat, TLeft, TOutput, TEpilogue>(Workers workers, TLeft* a, nint lda, in NarrowMatrix weights, TOutput* c, nint ldc, nint m, TEpilogue epilogue)
        where TFormat : struct, INarrowFormat
        where TLeft : unmanaged
        where TOutput : unmanaged
        where TEpilogue : struct, IEpilogue
    {
        if (typeof(TFormat) != typeof(UInt4Format) && typeof(TFormat) != typeof(Int8Format))
        {
            Packed<TFormat, TLeft, TOutput, TEpilogue>(workers, a, lda, weights, c, ldc, m, epilogue);
            return;
        }

        NarrowProduct<TLeft, TOutput, TEpilogue> product = Create<TFormat, TLeft, TOutput, TEpilogue>(workers, a, lda, weights, c, ldc, m, epilogue);
        workers.RunItems(new DynamicProductWork<TFormat, TLeft, TOutput, TEpilogue>(product), product.Partition.Items, product.Partition.Threads);
    }

    private static NarrowProduct<TLeft, TOutput, TEpilogue> Create<TFormat, TLeft, TOutput, TEpilogue>(
        Workers workers, TLeft* a, nint lda, in NarrowMatrix weights, TOutput* c, nint ldc, nint m, TEpilogue epilogue)
        where TFormat : struct, INarrowFormat
        where TLeft : unmanaged
        where TOutput : unmanaged
        where TEpilogue : struct, IEpilogue
    {
        weights.Validate<TFormat>();
        if (typeof(TLeft) != typeof(float) && typeof(TLeft) != typeof(Half) && typeof(TLeft) != typeof(BFloat16))
        {
            throw new NotSupportedException($"The left operand of a product with narrow weights is float, Half or BFloat16, not {typeof(TLeft)}.");
        }

        return new()
        {
            Workers = workers,
            Partition = m > 0 && weights.Columns > 0 ? MatrixPartition.Create(workers.Count, 1, m, weights.Columns, weights.Depth) : default,
            A = a,
            StrideA = lda,
            Matrix = weights,
            C = c,
            StrideC = ldc,
            Rows = m,
            Epilogue = epilogue,
        };
    }
}
