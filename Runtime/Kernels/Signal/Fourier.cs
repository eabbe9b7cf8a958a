using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Discrete Fourier transforms of any length, computed in float64. Each row is transformed by one thread alone.</summary>
public static unsafe class Fourier
{
    /// <summary>Longest transform: tables and buffers of one that is no product of 2, 3 and 5 take 16 · 14 times as many bytes.</summary>
    public const int MaximumLength = 1 << 26;

    /// <summary>About what a number of a transform costs a level of its recursion, in simple operations on elements.</summary>
    private const long CostPerLevel = 8;

    /// <summary>Transforms along one axis (ONNX's DFT).</summary>
    /// <typeparam name="T">Type of the elements: float or double.</typeparam>
    /// <param name="workers">Threads and scratch memory.</param>
    /// <param name="input">[outer, size, inner, components].</param>
    /// <param name="outer">Product of the sizes before the axis.</param>
    /// <param name="size">Size of the axis.</param>
    /// <param name="inner">Product of the sizes behind the axis, without the components.</param>
    /// <param name="components">1 for real input, 2 for complex input.</param>
    /// <param name="length">Numbers of a transform: the input is cut or filled with zeros.</param>
    /// <param name="isInverse">Whether it is the inverse transform.</param>
    /// <param name="isMirrored">Whether the input is the first half of a spectrum, of which the other is the mirror image.</param>
    /// <param name="count">Numbers of each result that are stored, from the first.</param>
    /// <param name="resultComponents">2 for complex results, 1 for real parts alone.</param>
    /// <param name="output">[outer, count, inner, resultComponents].</param>
    /// <param name="operation">Operator and node, for messages.</param>
    /// <exception cref="ArgumentException">The length is less than 1 or more than <see cref="MaximumLength"/>.</exception>
    public static void Transform<T>(
        Workers workers, T* input, long outer, long size, long inner, int components, long length, bool isInverse, bool isMirrored, long count, int resultComponents, T* output, string operation)
        where T : unmanaged, INumber<T>
    {
        var from = new FourierLayout(Math.Max(inner, 1), size * inner * components, components, inner * components, size, components);
        var to = new FourierLayout(Math.Max(inner, 1), count * inner * resultComponents, resultComponents, inner * resultComponents, count, resultComponents);
        Run(workers, input, from, null, output, to, outer * inner, length, isInverse, isMirrored, operation);
    }

    /// <summary>Transforms overlapping pieces of signals (ONNX's STFT).</summary>
    /// <typeparam name="T">Type of the elements: float or double.</typeparam>
    /// <param name="workers">Threads and scratch memory.</param>
    /// <param name="signal">[batch, samples, components].</param>
    /// <param name="batch">Number of signals.</param>
    /// <param name="samples">Samples of a signal.</param>
    /// <param name="components">1 for real samples, 2 for complex ones.</param>
    /// <param name="window">[length] factors, or null.</param>
    /// <param name="frames">Pieces of a signal.</param>
    /// <param name="step">Samples from a piece to the next.</param>
    /// <param name="length">Samples of a piece.</param>
    /// <param name="count">Numbers of each spectrum that are stored, from the first.</param>
    /// <param name="output">[batch, frames, count, 2].</param>
    /// <param name="operation">Operator and node, for messages.</param>
    /// <exception cref="ArgumentException">The length is less than 1 or more than <see cref="MaximumLength"/>.</exception>
    public static void ShortTime<T>(
        Workers workers, T* signal, long batch, long samples, int components, T* window, long frames, long step, long length, long count, T* output, string operation)
        where T : unmanaged, INumber<T>
    {
        var from = new FourierLayout(Math.Max(frames, 1), samples * components, step * components, components, length, components);
        var to = new FourierLayout(Math.Max(frames, 1), frames * count * 2, count * 2, 2, count, 2);
        Run(workers, signal, from, window, output, to, batch * frames, length, isInverse: false, isMirrored: false, operation);
    }

    private static void Run<T>(Workers workers, T* input, FourierLayout from, T* window, T* output, FourierLayout to, long rows, long length, bool isInverse, bool isMirrored, string operation)
        where T : unmanaged, INumber<T>
    {
        if (length is < 1 or > MaximumLength)
        {
            throw new ArgumentException($"{operation}: a transform of {length} numbers is not possible; it must be between 1 and {MaximumLength}.");
        }

        if (rows <= 0)
        {
            return;
        }

        var plan = new FourierPlan((int)length, workers.SharedScratch(FourierPlan.TableBytes((int)length)));
        var work = new FourierWork<T>(workers, plan, input, from, window, output, to, rows, isInverse, isMirrored);
        double cost = (double)rows * plan.BufferLength * BitOperations.Log2((uint)plan.BufferLength) * CostPerLevel;
        workers.Run(ref work, (int)Math.Min(Math.Clamp(cost / Loops.MinimumWorkPerThread, 1, workers.Count), rows));
    }
}
