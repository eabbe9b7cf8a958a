using System.Buffers;
using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>Joins strings.</summary>
public static unsafe class TextConcatenation
{
    /// <summary>Joins the elements of two tensors (ONNX's StringConcat). Elements are visited in row-major order; a stride of 0 repeats.</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="sizes">Sizes of the output.</param>
    /// <param name="left">Handles of what comes first.</param>
    /// <param name="leftStrides">Elements from one index to the next, per axis.</param>
    /// <param name="right">Handles of what comes after it.</param>
    /// <param name="rightStrides">As <paramref name="leftStrides"/>.</param>
    /// <param name="output">Handles of the results, dense.</param>
    public static void Run(SessionTexts texts, ReadOnlySpan<long> sizes, long* left, ReadOnlySpan<long> leftStrides, long* right, ReadOnlySpan<long> rightStrides, long* output)
    {
        long count = ElementTypes.CountElements(sizes);
        Span<long> indices = stackalloc long[sizes.Length];
        indices.Clear();
        for (long element = 0; element < count; element++)
        {
            output[element] = Join(texts, *left, *right);
            for (int axis = sizes.Length - 1; axis >= 0; axis--)
            {
                left += leftStrides[axis];
                right += rightStrides[axis];
                if (++indices[axis] < sizes[axis])
                {
                    break;
                }

                left -= leftStrides[axis] * sizes[axis];
                right -= rightStrides[axis] * sizes[axis];
                indices[axis] = 0;
            }
        }
    }

    // The joined text becomes a string only where it is new.
    private static long Join(SessionTexts texts, long left, long right)
    {
        if (left == 0 || right == 0)
        {
            return left + right;
        }

        string first = texts[left];
        string second = texts[right];
        char[] joined = ArrayPool<char>.Shared.Rent(checked(first.Length + second.Length));
        first.CopyTo(joined);
        second.CopyTo(joined.AsSpan(first.Length));
        long handle = texts.Handle(joined.AsSpan(0, first.Length + second.Length));
        ArrayPool<char>.Shared.Return(joined);
        return handle;
    }
}
