using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Regression of a share of the rows.</summary>
internal readonly unsafe struct SupportVectorRegressionWork(
    Workers workers, SupportVectorKernel kernel, float* coefficients, float rho, bool oneClass, float* rows, long count, float* results) : IParallelWork
{
    private readonly float* _coefficients = coefficients;
    private readonly float* _rows = rows;
    private readonly float* _results = results;

    public void Run(int part, int parts)
    {
        var action = new Action(this, part, count * part / parts, count * (part + 1) / parts);
        VectorDispatch.Run(ref action);
    }

    private void Run<V>(int part, long begin, long end)
        where V : struct, IVector<V>
    {
        var values = (float*)workers.Scratch(part, (nuint)((kernel.Count + 1) * sizeof(float)));
        for (long row = begin; row < end; row++)
        {
            kernel.Compare<V>(_rows + (row * kernel.Size), values);
            float sum = _coefficients is null ? values[0] + rho : Combine(values);
            _results[row] = !oneClass ? sum : sum > 0 ? 1 : -1;
        }
    }

    private float Combine(float* values)
    {
        double sum = rho;
        for (long index = 0; index < kernel.Count; index++)
        {
            sum += (double)_coefficients[index] * values[index];
        }

        return (float)sum;
    }

    private readonly struct Action(SupportVectorRegressionWork work, int part, long begin, long end) : IVectorAction
    {
        public void Run<V>()
            where V : struct, IVector<V> => work.Run<V>(part, begin, end);
    }
}
