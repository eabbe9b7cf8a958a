using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Classification of a share of the rows.</summary>
internal readonly unsafe struct SupportVectorClassesWork(
    Workers workers, SupportVectorKernel kernel, SupportVectorClasses model, float* rows, long count, long* chosen, float* results) : IParallelWork
{
    private readonly float* _rows = rows;
    private readonly long* _chosen = chosen;
    private readonly float* _results = results;

    public void Run(int part, int parts)
    {
        var action = new Action(this, part, count * part / parts, count * (part + 1) / parts);
        VectorDispatch.Run(ref action);
    }

    private void Run<V>(int part, long begin, long end)
        where V : struct, IVector<V>
    {
        long classes = model.Classes;
        byte* scratch = workers.Scratch(part, (nuint)((PairwiseCoupling.ScratchDoubles(classes) * sizeof(double)) + ((kernel.Count + model.Pairs + classes) * sizeof(float))));
        var coupling = (double*)scratch;
        var values = (float*)(coupling + PairwiseCoupling.ScratchDoubles(classes));
        for (long row = begin; row < end; row++)
        {
            float* results = _results + (row * model.Scores);
            kernel.Compare<V>(_rows + (row * kernel.Size), values);
            int best = model.Begins is null ? Linear(values, results) : Vote(values, values + kernel.Count, values + kernel.Count + model.Pairs, coupling, results);
            _chosen[row] = model.Labels[best];
        }
    }

    /// <summary>A model with a vector of coefficients a class.</summary>
    private int Linear(float* values, float* results)
    {
        int best = 0;
        for (int index = 0; index < model.Classes; index++)
        {
            results[index] = values[index] + model.Rho[0];
            best = results[index] > results[best] ? index : best;
        }

        // Of two classes the second wins where the larger score says yes at all, as ONNX Runtime decides.
        bool second = model.Classes == 2 && model.Slopes is null && (model.Positive ? results[best] >= 0.5f : results[best] > 0);
        if (model.Classes > 1 || model.Transform == ScoreTransform.Probit)
        {
            ScoreTransforms.Apply(model.Transform, results, model.Classes);
        }

        return second ? 1 : best;
    }

    /// <summary>Each pair of classes has a decision; the class with most of them wins, the first among equals.</summary>
    private int Vote(float* values, float* decisions, float* votes, double* coupling, float* results)
    {
        int classes = model.Classes, pair = 0;
        new Span<float>(votes, classes).Clear();
        for (int i = 0; i < classes; i++)
        {
            for (int j = i + 1; j < classes; j++, pair++)
            {
                double sum = Sum(values, i, j - 1) + Sum(values, j, i) + model.Rho[pair];
                decisions[pair] = (float)sum;
                votes[sum > 0 ? i : j]++;
            }
        }

        int best = 0;
        for (int index = 1; index < classes; index++)
        {
            best = votes[index] > votes[best] ? index : best;
        }

        if (model.Slopes is not null)
        {
            PairwiseCoupling.Probabilities(classes, decisions, model.Slopes, model.Offsets, coupling, results);
            ScoreTransforms.Apply(model.Transform, results, classes);
        }
        else if (classes == 2)
        {
            WriteTwo(decisions[0], results);
        }
        else
        {
            Buffer.MemoryCopy(decisions, results, model.Pairs * sizeof(float), model.Pairs * sizeof(float));
            ScoreTransforms.Apply(model.Transform, results, model.Pairs);
        }

        return best;
    }

    /// <summary>The vectors of a class, by one row of coefficients.</summary>
    private double Sum(float* values, int ofClass, int coefficients)
    {
        double sum = 0;
        for (long index = model.Begins[ofClass]; index < model.Begins[ofClass + 1]; index++)
        {
            sum += (double)model.Coefficients[(coefficients * kernel.Count) + index] * values[index];
        }

        return sum;
    }

    /// <summary>The decision between two classes as two scores, in the order ONNX Runtime writes them.</summary>
    private void WriteTwo(float decision, float* results)
    {
        if (model.Transform == ScoreTransform.Probit)
        {
            results[0] = ScoreTransforms.Probit(decision);
            results[1] = 0;
            return;
        }

        ScoreTransforms.WritePair(model.Transform, complement: model.Transform != ScoreTransform.None, decision, results);
    }

    private readonly struct Action(SupportVectorClassesWork work, int part, long begin, long end) : IVectorAction
    {
        public void Run<V>()
            where V : struct, IVector<V> => work.Run<V>(part, begin, end);
    }
}
