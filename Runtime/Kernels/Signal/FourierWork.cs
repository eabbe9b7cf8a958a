using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Transforms of rows, shared out among threads.</summary>
internal unsafe struct FourierWork<T>(Workers workers, FourierPlan plan, T* input, FourierLayout from, T* window, T* output, FourierLayout to, long rows, bool isInverse, bool isMirrored) : IParallelWork
    where T : unmanaged, INumber<T>
{
    private readonly Workers _workers = workers;

    public readonly void Run(int part, int parts)
    {
        int room = plan.BufferLength;
        var data = (Complex*)_workers.Scratch(part, (nuint)sizeof(Complex) * 2 * (nuint)room);
        for (long row = rows * part / parts, end = rows * (part + 1) / parts; row < end; row++)
        {
            Load(input + from.Start(row), data);
            Store(plan.Transform(data, data + room), output + to.Start(row));
        }
    }

    /// <summary>The numbers of a row, as many as the transform has: the rest is cut off or 0. The inverse is the transform of the conjugates, conjugated.</summary>
    private readonly void Load(T* row, Complex* data)
    {
        int length = plan.Length;
        int count = (int)Math.Min(isMirrored ? (length / 2) + 1 : length, from.Count);
        for (int index = 0; index < count; index++)
        {
            T* element = row + (index * from.Stride);
            double real = double.CreateTruncating(*element), imaginary = from.Components == 2 ? double.CreateTruncating(element[1]) : 0;
            double weight = window == null ? 1 : double.CreateTruncating(window[index]);
            data[index] = new Complex(real * weight, (isInverse ? -imaginary : imaginary) * weight);
        }

        new Span<Complex>(data + count, length - count).Clear();
        for (int index = 1; isMirrored && index <= (length - 1) / 2; index++)
        {
            data[length - index] = Complex.Conjugate(data[index]);
        }
    }

    private readonly void Store(Complex* result, T* row)
    {
        double scale = isInverse ? 1.0 / plan.Length : 1, imaginaryScale = isInverse ? -scale : scale;
        for (long index = 0; index < to.Count; index++)
        {
            T* element = row + (index * to.Stride);
            element[0] = T.CreateTruncating(result[index].Real * scale);
            if (to.Components == 2)
            {
                element[1] = T.CreateTruncating(result[index].Imaginary * imaginaryScale);
            }
        }
    }
}
